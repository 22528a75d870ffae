// The load loop, against servers in this process: what it stamps, how it fails, what it leaves behind.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { errorKinds } from '../../src/measure/result.ts';
import {
  type LoadAddress,
  type LoadPlan,
  type LoadSample,
  startLoad,
  startResponder,
} from '../../src/native/load.ts';

const none = new Uint8Array(0);
const millisecond = 1e6;
const second = 1e9;

const planFor = (address: LoadAddress, changes: Partial<LoadPlan> = {}): LoadPlan => ({
  address,
  clients: 1,
  arrivals: undefined,
  warmUp: 0,
  duration: 60 * second,
  count: 50,
  timeout: 60 * second,
  sends: none,
  expects: none,
  endsAt: 'end of file',
  shutsDown: false,
  resets: true,
  tellsPorts: false,
  sources: undefined,
  ...changes,
});

/** Runs to the end and gives copies of all samples. */
const runAll = async (plan: LoadPlan) => {
  const load = startLoad(plan);
  const samples: LoadSample[] = [];
  const take = (): void => load.takeSamples((sample) => samples.push({ ...sample }));
  const timer = setInterval(take, 20);
  const summary = await load.ended;
  clearInterval(timer);
  take();
  const errors = samples.flatMap(({ error }) => (error === 0 ? [] : (errorKinds[error - 1] ?? '?')));
  return { samples, summary, errors };
};

const listen = async (t: Test, answer: (socket: Socket) => void, path?: string): Promise<LoadAddress> => {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    answer(socket);
  });
  t.teardown(() => server.close());
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address();
  return address === null || typeof address === 'string'
    ? { kind: 'unix', path: path ?? '' }
    : { kind: 'tcp', version: 4, host: '127.0.0.1', port: address.port };
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a closed loop stamps every connection in the order of its way', async (t) => {
  const address = await listen(t, (socket) => socket.end('hello\n'));
  const { samples, summary, errors } = await runAll(planFor(address, { clients: 4, tellsPorts: true }));
  t.same(errors, []);
  t.equal(samples.length, 50, 'as many as were asked for');
  for (const { intended, started, connected, firstByte, lastByte, ended, port } of samples) {
    const moments = [summary.begunAt, intended, started, connected, firstByte, lastByte, ended];
    t.same(
      moments,
      moments.toSorted((a, b) => a - b),
    );
    t.equal(intended, started, 'nobody waits for its turn');
    t.ok(port > 0, 'the port is told');
  }
  t.equal(summary.measuredUntil, Math.max(...samples.map(({ ended }) => ended)));
});

test('a client begins again as soon as its connection has ended, and not before', async (t) => {
  const address = await listen(t, (socket) => socket.end('x'));
  const { samples } = await runAll(planFor(address));
  samples.slice(1).forEach(({ started }, index) => {
    t.ok(started >= (samples[index]?.ended ?? Number.POSITIVE_INFINITY));
  });
});

test('what begins in the warm-up does not count as measured', async (t) => {
  const address = await listen(t, (socket) => socket.end('x'));
  const { samples, summary } = await runAll(planFor(address, { warmUp: 100 * millisecond }));
  const measured = samples.filter(({ intended }) => intended >= summary.measuredFrom);
  t.equal(measured.length, 50);
  t.ok(samples.length > 50, 'the warm-up had connections of its own');
});

test('an open loop intends each connection for the moment that was planned', async (t) => {
  const address = await listen(t, (socket) => socket.end('x'));
  const arrivals = Float64Array.from({ length: 40 }, (_, index) => index * 3 * millisecond);
  const { samples, summary } = await runAll(
    planFor(address, { arrivals, clients: 64, count: Number.POSITIVE_INFINITY }),
  );
  const intended = samples.map((sample) => Math.round(sample.intended - summary.begunAt));
  t.same(
    intended.toSorted((a, b) => a - b),
    [...arrivals],
  );
  for (const sample of samples) t.ok(sample.started >= sample.intended, 'nobody comes early');
});

test('an open loop that may not begin more connections counts their waiting', async (t) => {
  const address = await listen(t, (socket) => {
    setTimeout(() => socket.end('x'), 100);
  });
  const arrivals = Float64Array.from({ length: 3 }, () => 0);
  const { samples, summary } = await runAll(planFor(address, { arrivals, clients: 1 }));
  const [first, second, third] = samples;
  if (first === undefined || second === undefined || third === undefined) return t.fail('three samples');
  t.equal(second.intended, first.intended);
  t.ok(second.started >= first.ended);
  t.ok(third.started >= second.ended);
  t.ok(third.ended - third.intended > 2 * (third.ended - third.started), 'from the intended start');
  t.equal(summary.late, 2);
});

test('a burst has all of its connections under way at once', async (t) => {
  const waiting: Socket[] = [];
  const address = await listen(t, (socket) => {
    waiting.push(socket);
    if (waiting.length === 300) for (const each of waiting) each.end('x');
  });
  const { samples, errors } = await runAll(planFor(address, { clients: 300, count: 300 }));
  t.same(errors, []);
  t.equal(samples.length, 300);
});

test('a server that is not there refuses, and is not asked without end', async (t) => {
  const address = await listen(t, () => undefined);
  if (address.kind === 'unix') return;
  const gone = { ...address, port: 1 };
  const { samples, errors } = await runAll(
    planFor(gone, { count: Number.POSITIVE_INFINITY, duration: 100 * millisecond }),
  );
  t.ok(samples.length > 0 && samples.length < 50, `${samples.length} attempts`);
  t.same([...new Set(errors)], ['refused']);
});

test('a connection that the server resets is reset', async (t) => {
  const address = await listen(t, (socket) => socket.resetAndDestroy());
  const { errors } = await runAll(planFor(address, { count: 5 }));
  t.same(errors, Array(5).fill('reset'));
});

test('an answer that never comes is a timeout', async (t) => {
  const sockets: Socket[] = [];
  const address = await listen(t, (socket) => sockets.push(socket));
  const { samples, errors } = await runAll(planFor(address, { count: 2, timeout: 100 * millisecond }));
  t.same(errors, ['timeout', 'timeout']);
  for (const { started, ended } of samples) t.ok(ended - started >= 100 * millisecond);
  for (const socket of sockets) socket.destroy();
});

test('an end without an answer, or before all that is expected, is short', async (t) => {
  const silent = await listen(t, (socket) => socket.end());
  t.same((await runAll(planFor(silent, { count: 3 }))).errors, Array(3).fill('short'));
  const curt = await listen(t, (socket) => socket.end('hel'));
  t.same((await runAll(planFor(curt, { count: 3, expects: bytes('hello') }))).errors, Array(3).fill('short'));
  t.same((await runAll(planFor(curt, { count: 3, expects: bytes('hel') }))).errors, []);
});

test('an answer that begins with something else is wrong, however it is cut into pieces', async (t) => {
  const address = await listen(t, (socket) => {
    socket.setNoDelay(true);
    socket.write('hel');
    setTimeout(() => socket.end('p!'), 20);
  });
  const wrong = await runAll(planFor(address, { count: 2, expects: bytes('hello') }));
  t.same(wrong.errors, ['wrong answer', 'wrong answer']);
  const right = await runAll(planFor(address, { count: 2, expects: bytes('help') }));
  t.same(right.errors, []);
  for (const { firstByte, lastByte } of right.samples) t.ok(lastByte > firstByte, 'two pieces, two moments');
});

test('what is sent arrives whole, with an end of file behind it', async (t) => {
  const address = await listen(t, (socket) => socket.pipe(socket));
  const sends = bytes('x'.repeat(3_000_000));
  const { errors, samples } = await runAll(
    planFor(address, { count: 2, sends, expects: sends, shutsDown: true }),
  );
  t.same(errors, []);
  t.equal(samples.length, 2);
});

test('a conversation may end with the answer, though the server stays', async (t) => {
  const sockets: Socket[] = [];
  const address = await listen(t, (socket) => {
    sockets.push(socket);
    socket.pipe(socket);
  });
  const question = { sends: bytes('ping'), expects: bytes('ping') };
  const { errors, samples } = await runAll(planFor(address, { ...question, endsAt: 'answer' }));
  t.same(errors, []);
  t.equal(samples.length, 50);
  for (const socket of sockets) socket.destroy();
});

test('datagrams are asked and answered', async (t) => {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const address: LoadAddress = { kind: 'udp', version: 4, host: '127.0.0.1', port: socket.address().port };
  const { errors, samples } = await runAll(
    planFor(address, { clients: 3, sends: bytes('hi'), expects: bytes('hi') }),
  );
  t.same(errors, []);
  t.equal(samples.length, 50);
  const empty = await runAll(planFor(address, { count: 3 }));
  t.same(empty.errors, [], 'an empty datagram is a question and an answer too');
  const gone = await runAll(planFor({ ...address, port: 1 }, { count: 2, sends: bytes('hi') }));
  t.same(gone.errors, ['refused', 'refused']);
});

test('unix sockets are measured, also abstract ones', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'load-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const address = await listen(t, (socket) => socket.end('x'), join(directory, 'socket'));
  t.same((await runAll(planFor(address, { clients: 8 }))).errors, []);
  const responder = startResponder({ kind: 'unix', path: '@' });
  t.match(responder.address, { kind: 'unix', path: /^@.+/ });
  t.same((await runAll(planFor(responder.address, { clients: 8 }))).errors, []);
  responder.stop();
  const missing = await runAll(planFor({ kind: 'unix', path: join(directory, 'nobody') }, { count: 1 }));
  t.same(missing.errors, ['refused']);
});

test('clients wait while the queue of a unix socket is full', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'load-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'socket');
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('x');
  });
  t.teardown(() => server.close());
  server.listen({ path, backlog: 1 });
  await once(server, 'listening');
  const { errors, samples } = await runAll(planFor({ kind: 'unix', path }, { clients: 200, count: 400 }));
  t.same(errors, []);
  t.equal(samples.length, 400);
});

test('the responder answers on every kind of socket', async (t) => {
  const kinds: readonly LoadAddress[] = [
    { kind: 'tcp', version: 4, host: '', port: 0 },
    { kind: 'tcp', version: 6, host: '', port: 0 },
    { kind: 'udp', version: 4, host: '', port: 0 },
    { kind: 'unix', path: '' },
  ];
  for (const like of kinds) {
    const responder = startResponder(like);
    const { errors, samples } = await runAll(planFor(responder.address, { clients: 16, count: 500 }));
    responder.stop();
    t.same(errors, [], JSON.stringify(like));
    t.equal(samples.length, 500);
    const after = await runAll(planFor(responder.address, { count: 1, timeout: 200 * millisecond }));
    t.not(after.errors.length, 0, 'a stopped one answers no more');
  }
});

test('sources take turns', async (t) => {
  const seen = new Set<string>();
  const address = await listen(t, (socket) => {
    seen.add(socket.remoteAddress ?? '');
    socket.end('x');
  });
  const sources = { first: 0x7f000101, count: 20 };
  const { errors } = await runAll(planFor(address, { clients: 3, sources, count: 60 }));
  t.same(errors, []);
  const wanted = Array.from({ length: 20 }, (_, index) => `127.0.1.${index + 1}`);
  t.same([...seen].toSorted(), wanted.toSorted());
});

test('a source that this machine does not have is an error of its own', async (t) => {
  const address = await listen(t, (socket) => socket.end('x'));
  const sources = { first: 0xc0000201, count: 1 };
  t.same((await runAll(planFor(address, { sources, count: 1 }))).errors, ['no port']);
});

/** Sockets in TIME_WAIT with this port at either end. */
const countTimeWait = (port: number): number => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${hex} `) && / 06 /.test(line.slice(30, 40))).length;
};

test('with resets no port stays behind', async (t) => {
  const address = await listen(t, (socket) => socket.end('x'));
  if (address.kind === 'unix') return;
  await runAll(planFor(address, { clients: 4, count: 200 }));
  t.equal(countTimeWait(address.port), 0);
  await runAll(planFor(address, { clients: 4, count: 200, resets: false }));
  t.ok(countTimeWait(address.port) > 100, 'an orderly end leaves them');
});

test('a run that is stopped ends at once and says what it left', async (t) => {
  const sockets: Socket[] = [];
  const address = await listen(t, (socket) => sockets.push(socket));
  const load = startLoad(planFor(address, { clients: 7, count: Number.POSITIVE_INFINITY }));
  while (sockets.length < 7) await wait(5);
  load.stop();
  const summary = await load.ended;
  t.equal(summary.unfinished, 7);
  t.ok(summary.measuredUntil < summary.measuredFrom + 5 * second);
  for (const socket of sockets) socket.destroy();
});

test('a run leaves no descriptor open', async (t) => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const responder = startResponder({ kind: 'tcp', version: 4, host: '', port: 0 });
  await runAll(planFor(responder.address, { clients: 10 }));
  const before = count();
  for (let round = 0; round < 3; round++) await runAll(planFor(responder.address, { clients: 10 }));
  t.equal(count(), before);
  responder.stop();
  t.equal(count(), before - 1);
});

test('an address that is none is refused', async (t) => {
  const address: LoadAddress = { kind: 'tcp', version: 4, host: 'localhost', port: 1 };
  t.throws(() => startLoad(planFor(address)), { code: 'EINVAL' });
  t.throws(() => startLoad(planFor({ kind: 'unix', path: 'x'.repeat(200) })), { code: 'ENAMETOOLONG' });
});
