// What --trace writes of each connection, and that it stands in nobody's way.
import { once } from 'node:events';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { joinPhases } from '../../src/measure/phases.ts';
import type { KernelRecord } from '../../src/measure/process-life.ts';
import { readTrace } from '../../src/measure/trace-file.ts';
import { openTracer } from '../../src/native/tracer.ts';
import { acceptd, temporaryDirectory } from '../command/stage.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { connectUnix, me, readToEnd } from './scene.ts';

const deadline = 60_000;
const greeter = (port: number): string =>
  `127.0.0.1:${port} stream tcp nowait.0 ${me} /bin/echo echo there\n`;

/** A client served to its end; its port. */
const visit = async (port: number): Promise<number> => {
  const socket = await connect(port);
  const { localPort = 0 } = socket;
  const text = await readToEnd(socket);
  if (text !== 'there\n') throw new Error(`a client was not served: ${text}`);
  return localPort;
};

/** So many clients, eight at a time; their ports. */
const visitOften = async (port: number, count: number): Promise<readonly number[]> => {
  const ports: number[] = [];
  const inTurn = async (): Promise<void> => {
    for (let turn = 0; turn < count / 8; turn++) ports.push(await visit(port));
  };
  await Promise.all(Array.from({ length: 8 }, inTurn));
  return ports;
};

type Line = Readonly<Record<string, unknown>>;

const linesOf = (text: string): readonly Line[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line): Line => JSON.parse(line));

/** The lines of a trace, once there are so many. */
const waitForLines = async (path: string, count: number): Promise<readonly Line[]> => {
  const end = Date.now() + deadline;
  for (;;) {
    const lines = linesOf(readFileSync(path, 'utf8'));
    if (lines.length >= count || Date.now() > end) return lines;
    await pause(20);
  }
};

const numberOf = (line: Line, name: string): number => {
  const { [name]: value } = line;
  return typeof value === 'number' && Number.isInteger(value) ? value : Number.NaN;
};

const isInOrder = (moments: readonly number[]): boolean =>
  moments.every((moment, index) => index === 0 || moment >= (moments[index - 1] ?? Number.NaN));

const orders = [
  ['ready', 'accepted', 'spawning', 'childBegan', 'executing', 'reaped'],
  ['spawning', 'spawned', 'reaped'],
] as const;

const checkLines = (t: Test, lines: readonly Line[], ports: readonly number[]): void => {
  t.strictSame(
    lines.map((line) => numberOf(line, 'port')).toSorted((a, b) => a - b),
    ports.toSorted((a, b) => a - b),
    'a line for each client, and for nobody else',
  );
  for (const order of orders) {
    const wrong = lines.filter((line) => !isInOrder(order.map((name) => numberOf(line, name))));
    t.strictSame(wrong, [], `in order: ${order.join(', ')}`);
  }
};

t.test('a line for each connection, its moments in order, in a file for the owner alone', async (t) => {
  const [port, builtin] = await freePorts(2);
  const path = join(temporaryDirectory(t), 'trace');
  const server = await startAcceptd(t, {
    config: `${greeter(port ?? 0)}127.0.0.1:${builtin} stream tcp nowait.0 ${me} internal daytime\n`,
    arguments: ['--trace', path],
  });
  t.equal(statSync(path).mode & 0o777, 0o600);
  const begun = Number(process.hrtime.bigint());
  const ports = await visitOften(port ?? 0, 200);
  await readToEnd(await connect(builtin ?? 0));
  const lines = await waitForLines(path, 200);
  checkLines(t, lines, ports);
  t.match(lines[0], { service: /./, pid: Number, status: { kind: 'exit', code: 0 } });
  // both clocks began with the machine, but one of them is being adjusted
  const isNear = Math.abs(numberOf(lines[0] ?? {}, 'ready') - begun) < 60e9;
  t.ok(isNear, 'moments are nanoseconds since the machine began');
  t.notOk(
    server.records.some(({ event }) => event === 'traced'),
    'the log does not tell it',
  );
  t.equal(await server.stop(), 0);
  t.equal(linesOf(readFileSync(path, 'utf8')).length, 200);
});

t.test('an open descriptor will do', async (t) => {
  const port = await freePort();
  const path = join(temporaryDirectory(t), 'trace');
  const server = await startAcceptd(t, {
    config: greeter(port),
    arguments: ['--trace', '/dev/fd/9'],
    under: ['sh', '-c', 'exec "$@" 9>>"$0"', path],
  });
  const ports = await visitOften(port, 16);
  checkLines(t, await waitForLines(path, 16), ports);
  t.equal(await server.stop(), 0);
});

t.test('a FIFO that nobody reads stops nothing, and its reader gets everything later', async (t) => {
  const port = await freePort();
  const path = join(temporaryDirectory(t), 'trace');
  await mustRun('mkfifo', [path]);
  const server = await startAcceptd(t, { config: greeter(port), arguments: ['--trace', path] });
  // more than a pipe holds
  const ports = await visitOften(port, 400);
  const lines: Line[] = [];
  const reader = createReadStream(path);
  const input = createInterface({ input: reader });
  input.on('line', (line) => {
    lines.push(JSON.parse(line));
    if (lines.length === 400) input.close();
  });
  const timer = setTimeout(() => input.close(), deadline);
  await once(input, 'close');
  clearTimeout(timer);
  checkLines(t, lines, ports);
  reader.destroy();
  await visitOften(port, 8);
  t.equal(await server.stop(), 0);
});

const opened = openTracer();
const why = 'unavailable' in opened ? opened.unavailable : false;

t.test(
  "acceptd's stamps and the kernel's fit together: fork, exec and exit lie between them",
  { skip: why },
  async (t) => {
    if ('unavailable' in opened) return;
    const directory = temporaryDirectory(t);
    const [path, socket] = [join(directory, 'trace'), join(directory, 'socket')];
    await startAcceptd(t, {
      config: `greeter on protocol = unix, path = ${socket}, user = ${me}, exec = /bin/echo, args = echo there ;\n`,
      arguments: ['--trace', path],
    });
    for (let count = 0; count < 40; count++) t.equal(await readToEnd(await connectUnix(socket)), 'there\n');
    await waitForLines(path, 40);
    const kernel: KernelRecord[] = [];
    opened.read((kind, pid, parent, moment) => kernel.push({ kind, pid, parent, moment }));
    opened.close();
    const phases = joinPhases({
      // unix clients are nobody in particular: this one is only there to have been there all the time
      samples: [
        { port: 0, started: 1, connected: 1, firstByte: 1, ended: Number.MAX_SAFE_INTEGER, error: 0 },
      ],
      traced: readTrace(path, 0).records,
      kernel,
      lost: { lines: 0, stamps: 0 },
    });
    t.equal(phases.traced, 40);
    t.strictSame(
      [...phases.sequence, ...phases.overlapping].map(({ name, distribution: { count } }) => [name, count]),
      ['admission', 'clone', 'set-up', 'exec', 'wake', 'clone in acceptd', 'handler run', 'reap'].map(
        (name) => [name, 40],
      ),
      'each in its place, none runs backwards',
    );
  },
);

t.test('a place where nothing can be written ends the start, before anything listens', async (t) => {
  const port = await freePort();
  const directory = temporaryDirectory(t);
  for (const path of [directory, join(directory, 'no', 'such', 'file'), '/dev/fd/77']) {
    const { code, stderr } = await acceptd('listen', `127.0.0.1:${port}`, '--trace', path, '--', '/bin/true');
    t.equal(code, 71, path);
    t.match(stderr, /cannot write the trace .*E[A-Z]+.*choose another place with --trace/);
  }
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
});
