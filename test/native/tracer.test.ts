// The kernel's stamps: a fork, an exec and an end for each process, between the moments at which we saw them.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { openTracer, type ProcessChange, type Tracer } from '../../src/native/tracer.ts';

type Change = {
  readonly kind: ProcessChange;
  readonly pid: number;
  readonly parent: number;
  readonly moment: number;
};

const opened = openTracer();
const tracer: Tracer | undefined = 'unavailable' in opened ? undefined : opened;
const why = 'unavailable' in opened ? opened.unavailable : '';
const skip = tracer === undefined ? why : false;

const drain = (from: Tracer): readonly Change[] => {
  const changes: Change[] = [];
  from.read((kind, pid, parent, moment) => changes.push({ kind, pid, parent, moment }));
  return changes;
};

/** Runs a shell to its end; its pid. */
const runShell = async (script: string): Promise<number> => {
  const child = execFile('/bin/sh', ['-c', script]);
  await once(child, 'close');
  return child.pid ?? 0;
};

/** The changes of a process and its children, once it has ended as the kernel sees it. */
const followUntilExit = async (from: Tracer, pid: number): Promise<readonly Change[]> => {
  const changes: Change[] = [];
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    changes.push(...drain(from));
    if (changes.some((change) => change.kind === 'exit' && change.pid === pid)) break;
    await pause(10);
  }
  const isOurs = (change: Change): boolean => change.pid === pid || change.parent === pid;
  return changes.filter(isOurs).toSorted((a, b) => a.moment - b.moment);
};

t.test(
  'who may not have them hears why and what would help',
  { skip: tracer === undefined ? false : 'this user may' },
  (t) => {
    t.match(why, /cannot be had \(.+\): it takes|this kernel has no/);
    t.end();
  },
);

t.test('a process forks, execs and ends', { skip }, async (t) => {
  if (tracer === undefined) return;
  drain(tracer);
  const before = Number(process.hrtime.bigint());
  const pid = await runShell('/bin/true; exit 3');
  const after = Number(process.hrtime.bigint());
  const changes = await followUntilExit(tracer, pid);
  const own = changes.filter((change) => change.pid === pid);
  t.strictSame(
    own.map(({ kind }) => kind),
    ['fork', 'exec', 'exit'],
  );
  t.equal(own[0]?.parent, process.pid);
  const [child] = changes.filter((change) => change.parent === pid);
  t.equal(child?.kind, 'fork', 'and so does what it starts');
  // CLOCK_MONOTONIC is adjusted and CLOCK_MONOTONIC_RAW is not, but both count from the start of the machine
  const first = own[0]?.moment ?? 0;
  const last = own[2]?.moment ?? 0;
  t.ok(first < last && last - first < (after - before) * 1.1, 'nanoseconds');
  t.ok(Math.abs(first - before) < 60e9, 'since the machine began');
});

t.test('threads are no processes', { skip }, async (t) => {
  if (tracer === undefined) return;
  drain(tracer);
  const child = execFile(process.execPath, [
    '-e',
    'new (require("worker_threads").Worker)("0", {eval: true})',
  ]);
  await once(child, 'close');
  const changes = await followUntilExit(tracer, child.pid ?? 0);
  t.strictSame(
    changes.map(({ kind }) => kind),
    ['fork', 'exec', 'exit'],
  );
});

/** A shell that forks so often, and what was read meanwhile, each time after a pause. */
const forkOften = async (from: Tracer, rounds: number, reads: boolean): Promise<number> => {
  const child = execFile('/bin/sh', ['-c', `i=0; while [ $i -lt ${rounds} ]; do (:); i=$((i+1)); done`]);
  const { pid } = child;
  let hasEnded = false;
  child.once('close', () => {
    hasEnded = true;
  });
  const changes: Change[] = [];
  while (!hasEnded) {
    if (reads) changes.push(...drain(from));
    await pause(5);
  }
  changes.push(...drain(from));
  return changes.filter(({ kind, parent }) => kind === 'fork' && parent === pid).length;
};

const smallRing = 65_536;
/** The records of these fill it several times on every processor: they stand across its end, too. */
const manyRounds = 3_000;

t.test(
  'rings that are read in time lose nothing, however often they have been filled',
  { skip },
  async (t) => {
    const small = openTracer(smallRing);
    if ('unavailable' in small) return t.fail(small.unavailable);
    const seen = await forkOften(small, manyRounds, true);
    // a ring tells its losses with the next record that it has room for
    await runShell('exit 0');
    drain(small);
    // a busy machine may have let us wait too long: then it says so
    t.ok(seen === manyRounds || small.lost() > 0, `${seen} of ${manyRounds} processes`);
    small.close();
  },
);

t.test('what there was no room for is counted, and what comes later is there', { skip }, async (t) => {
  const small = openTracer(smallRing);
  if ('unavailable' in small) return t.fail(small.unavailable);
  const seen = await forkOften(small, manyRounds, false);
  t.ok(seen > 0 && seen < manyRounds, `${seen} of ${manyRounds} processes`);
  const pids = [await runShell('exit 0'), await runShell('exit 0')];
  const changes = drain(small);
  for (const pid of pids) t.ok(changes.some((change) => change.kind === 'fork' && change.pid === pid));
  t.ok(small.lost() > 0, `${small.lost()} lost`);
  small.close();
});

t.test('a tracer that is closed finds nothing more', { skip }, async (t) => {
  const second = openTracer();
  if ('unavailable' in second) return t.fail(second.unavailable);
  await runShell('exit 0');
  t.ok(drain(second).length > 0);
  second.close();
  await runShell('exit 0');
  t.strictSame(drain(second), []);
  tracer?.close();
});
