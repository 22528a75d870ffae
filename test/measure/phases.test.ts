// Moments of client, acceptd and kernel become steps: what belongs together, and what is said where something is missing.
import t from 'tap';
import { joinPhases, type PhaseSources } from '../../src/measure/phases.ts';
import type { KernelRecord } from '../../src/measure/process-life.ts';
import type { Phases } from '../../src/measure/result.ts';
import type { TracedRecord } from '../../src/measure/trace-file.ts';
import type { ClientMoments } from '../../src/measure/way.ts';

/** The start of a connection in nanoseconds, such as a machine has that is up for some days. */
const origin = 400_000_000_000_000;
const second = 1_000_000_000;

/** A connection whose steps take 1,000, 2,000, 3,000 ... ns, one after the other. */
const connection = (start: number, port: number, pid: number) => ({
  client: {
    port,
    started: start,
    connected: start + 1_000,
    firstByte: start + 28_000,
    ended: start + 36_000,
    error: 0,
  } satisfies ClientMoments,
  server: {
    service: 'bench/tcp',
    pid,
    port,
    ready: start + 2_500,
    accepted: start + 3_000,
    spawning: start + 6_000,
    spawned: start + 11_000,
    childBegan: start + 10_000,
    executing: start + 15_000,
    reaped: start + 50_000,
  } satisfies TracedRecord,
  kernel: [
    { kind: 'fork', pid, parent: 1, moment: start + 9_000 },
    { kind: 'exec', pid, parent: 0, moment: start + 21_000 },
    { kind: 'exit', pid, parent: 0, moment: start + 40_000 },
  ] satisfies readonly KernelRecord[],
});

const noLoss = { lines: 0, stamps: 0 };
const unavailable = { unavailable: 'it takes root' };

const sourcesOf = (
  connections: readonly ReturnType<typeof connection>[],
  rest: Partial<PhaseSources> = {},
): PhaseSources => ({
  samples: connections.map(({ client }) => client),
  traced: connections.map(({ server }) => server),
  // the newest first, as if each came from another processor
  kernel: connections.flatMap(({ kernel }) => kernel).toReversed(),
  lost: noLoss,
  ...rest,
});

/** The steps by name with their means in nanoseconds (histograms have three figures). */
const means = (phases: Phases['sequence']): Readonly<Record<string, number>> =>
  Object.fromEntries(
    phases.map(({ name, distribution }) => [name, Math.round(distribution.mean * 10) * 100]),
  );

const whole = {
  connect: 1_000,
  'accept queue': 2_000,
  admission: 3_000,
  clone: 4_000,
  'set-up': 5_000,
  exec: 6_000,
  'first byte': 7_000,
  'end of file': 8_000,
};

const says = (phases: Phases, what: RegExp): boolean =>
  phases.unknown.some((sentence) => what.test(sentence));

t.test('every step of a connection, in order, and together all of its time', (t) => {
  const phases = joinPhases(sourcesOf([connection(origin, 40_000, 12)]));
  t.strictSame(means(phases.sequence), whole);
  t.strictSame(
    phases.sequence.map(({ name }) => name),
    Object.keys(whole),
  );
  t.strictSame(means(phases.overlapping), {
    wake: 500,
    'clone in acceptd': 5_000,
    'handler run': 19_000,
    reap: 10_000,
  });
  t.equal(phases.traced, 1);
  for (const [index, step] of phases.sequence.entries()) {
    const next = phases.sequence[index + 1];
    if (next !== undefined && next.name !== 'end of file' && next.name !== 'first byte') {
      t.equal(step.to, next.from, `${next.name} begins where ${step.name} ends`);
    }
  }
  t.end();
});

t.test('a port and a pid that come again are other connections', (t) => {
  const connections = Array.from({ length: 50 }, (_, index) =>
    connection(origin + index * 60_000, 40_000 + (index % 2), 12 + (index % 3)),
  );
  const phases = joinPhases(sourcesOf(connections));
  t.equal(phases.traced, 50);
  t.strictSame(means(phases.sequence), whole, 'none has a moment of another');
  t.end();
});

t.test('a port that two clients have at the same time tells neither', (t) => {
  const one = connection(origin, 40_000, 12);
  const other = connection(origin + 500, 40_000, 13);
  const third = connection(origin + second, 40_000, 12);
  const phases = joinPhases(sourcesOf([one, other, third]));
  t.equal(phases.traced, 1);
  t.ok(says(phases, /^2 traced connections fit several/));
  t.end();
});

t.test("without the kernel's stamps exec and the first byte are one step, and it says why", (t) => {
  const phases = joinPhases(sourcesOf([connection(origin, 40_000, 12)], { kernel: unavailable }));
  const { exec: _, 'first byte': __, 'end of file': end, ...before } = whole;
  t.strictSame(means(phases.sequence), { ...before, 'exec and first byte': 13_000, 'end of file': end });
  t.strictSame(means(phases.overlapping), {
    wake: 500,
    'clone in acceptd': 5_000,
    'exec, handler run and reap': 35_000,
  });
  t.ok(says(phases, /exec and the program's own start are one step.*it takes root/));
  t.end();
});

t.test('a connection that lacks a part is in no step, and is counted', (t) => {
  const good = connection(origin, 40_000, 12);
  const noTrace = connection(origin + second, 40_001, 13);
  const noClient = connection(origin + second / 2, 40_002, 14);
  const noLife = connection(origin + second / 4, 40_003, 15);
  const failed = connection(origin + second / 8, 40_004, 16);
  const warmUp = connection(origin - second, 40_005, 17);
  const phases = joinPhases({
    samples: [good.client, noTrace.client, noLife.client, { ...failed.client, error: 2 }],
    traced: [good.server, noClient.server, noLife.server, failed.server, warmUp.server],
    kernel: [good, noClient, failed, warmUp].flatMap(({ kernel }) => kernel),
    lost: { lines: 3, stamps: 4 },
  });
  t.equal(phases.traced, 1);
  t.strictSame(means(phases.sequence), whole);
  t.ok(says(phases, /^1 connections of the client have no line/));
  t.ok(says(phases, /^2 traced connections fit none/), 'the warm-up is not even looked at');
  t.ok(says(phases, /^1 traced connections have no exec/));
  t.ok(says(phases, /^3 lines of the trace were lost/));
  t.ok(says(phases, /^4 of the kernel's stamps were lost/));
  t.end();
});

t.test('who has seen its connect after the accept was established by then', (t) => {
  const { client, server, kernel } = connection(origin, 40_000, 12);
  const late = { ...client, connected: server.accepted + 5_000 };
  const phases = joinPhases({ samples: [late], traced: [server], kernel, lost: noLoss });
  t.equal(means(phases.sequence)['connect'], 3_000);
  t.equal(phases.sequence[1]?.distribution.most, 0.001, 'it did not wait');
  t.ok(says(phases, /^1 of 1 connections were accepted before/));
  t.end();
});

t.test('a handler that says nothing has no first byte', (t) => {
  const { client, server, kernel } = connection(origin, 40_000, 12);
  const phases = joinPhases({
    samples: [{ ...client, firstByte: 0 }],
    traced: [server],
    kernel,
    lost: noLoss,
  });
  const { 'first byte': _, ...rest } = whole;
  t.strictSame(means(phases.sequence), { ...rest, 'end of file': 15_000 });
  t.end();
});

t.test("clients of a unix socket cannot be told apart: acceptd's and the kernel's steps are there", (t) => {
  const connections = [0, 1].map((index) => connection(origin + index * 500, 0, 12 + index));
  const phases = joinPhases(sourcesOf(connections));
  const { admission, clone, 'set-up': setUp, exec } = whole;
  t.strictSame(means(phases.sequence), { admission, clone, 'set-up': setUp, exec });
  t.equal(phases.traced, 2);
  t.ok(says(phases, /unix socket have no port/));
  t.end();
});

t.test('a span that runs backwards is in no step', (t) => {
  const { client, server, kernel } = connection(origin, 40_000, 12);
  const greeted = { ...client, firstByte: server.spawning };
  const phases = joinPhases({ samples: [greeted], traced: [server], kernel, lost: noLoss });
  t.notOk('first byte' in means(phases.sequence));
  t.ok(says(phases, /^1 spans ran backwards/));
  t.end();
});

t.test('nothing to join is nothing, and no error', (t) => {
  const phases = joinPhases({ samples: [], traced: [], kernel: [], lost: noLoss });
  t.match(phases, { sequence: [], overlapping: [], traced: 0 });
  t.end();
});
