// The relay as a service's answer: whom it connects to, what it tells, and what becomes of the client where nobody answers.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ConnectAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { seconds } from '../../src/model/quantity.ts';
import { plainRelay, type ResolvedService } from '../../src/model/service.ts';
import type { Kernel } from '../../src/native/kernel.ts';
import { beginConnect } from '../../src/native/relay.ts';
import { startRelay } from '../../src/serve/relay.ts';
import { hasProgram } from '../support/command.ts';
import { connectTo, listenAt, loopback } from '../support/engine.ts';
import { noise, readExactly, readToEnd } from '../support/flows.ts';
import { freePort } from '../support/ports.ts';
import { resolved } from '../support/services.ts';
import { createStage, open, readAll, type Stage, type StreamService, serveEach } from './builtin/stage.ts';

const at = (port: number): ConnectAddress & { readonly port: number } => ({
  version: 4,
  host: '127.0.0.1',
  port,
});

const relayTo = (...targets: readonly ConnectAddress[]): ResolvedService =>
  resolved('web', [], {
    answer: { kind: 'relay', host: 'web.example', port: '80', connectTimeout: seconds(10), ...plainRelay },
    targets,
  });

const serveRelay = (t: Test, stage: Stage, ...targets: readonly ConnectAddress[]): StreamService =>
  serveEach(t, stage, startRelay, relayTo(...targets));

/** A server that does this with whoever connects, until the test ends. */
const openTarget = async (t: Test, onConnection: (socket: Socket) => void): Promise<ConnectAddress> => {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return at(address.port);
};

/** Answers after the client's end of file, with all that it said. */
const answerAtEnd = (socket: Socket): void => {
  readToEnd(socket).then(
    (said) => socket.end(Buffer.concat([Buffer.from('you said '), said])),
    () => undefined,
  );
};

/** A listener whose queue is full: who connects hears nothing. */
const openBlackHole = (t: Test, kernel: Kernel): ReturnType<typeof at> => {
  const listener = kernel.openSocket(4, 'stream');
  const rest = { port: 0, takesMapped: false, isOptional: false } as const;
  kernel.bindInternet(listener, {
    kind: 'internet',
    socketType: 'stream',
    version: 4,
    host: '127.0.0.1',
    ...rest,
  });
  kernel.listen(listener, 0);
  const target = at(kernel.portOf(listener));
  const fillers = [1, 2, 3].map(() => beginConnect(target));
  t.teardown(() => {
    for (const each of [listener, ...fillers]) kernel.close(each);
  });
  return target;
};

const stopAll = ({ started }: StreamService): void => {
  for (const each of started) if (each.kind === 'builtin') each.stop();
};

const kindsOf = ({ events }: Stage): readonly string[] => events.map(({ kind }) => kind);

t.test('a client says hello and ends, the server answers then, and the client hears it', async (t) => {
  const stage = createStage();
  const service = serveRelay(t, stage, await openTarget(t, answerAtEnd));
  const client = await open(service.port);
  const peer = { kind: 'internet', host: '127.0.0.1', port: client.localPort ?? 0 };
  client.end('hello');
  t.equal(String(await readAll(client)), 'you said hello');
  await service.whenEnded(1);
  t.match(stage.events, [
    { kind: 'builtin-started', service: 'web', peer },
    { kind: 'relayed', service: 'web', peer, bytesIn: 5, bytesOut: 14 },
    { kind: 'builtin-ended', service: 'web', peer, outcome: 'ended' },
  ]);
});

t.test('the server ends first and still hears the client', async (t) => {
  const stage = createStage();
  let hear = (_said: Buffer): void => undefined;
  const heard = new Promise<Buffer>((resolve) => {
    hear = resolve;
  });
  const target = await openTarget(t, (socket) => {
    socket.end('220 welcome');
    readToEnd(socket).then(hear, () => undefined);
  });
  const service = serveRelay(t, stage, target);
  const client = await open(service.port);
  t.equal(String(await readToEnd(client)), '220 welcome');
  const said = noise(2_000_000, 4);
  client.end(said);
  t.ok((await heard).equals(said));
  await service.whenEnded(1);
  t.match(stage.events[1], { kind: 'relayed', bytesIn: 2_000_000, bytesOut: 11 });
});

t.test('a target that refuses is passed over, and nothing is told of it', async (t) => {
  const stage = createStage();
  const service = serveRelay(t, stage, at(await freePort()), await openTarget(t, answerAtEnd));
  const client = await open(service.port);
  client.end('x');
  t.equal(String(await readAll(client)), 'you said x');
  await service.whenEnded(1);
  t.strictSame(kindsOf(stage), ['builtin-started', 'relayed', 'builtin-ended']);
});

t.test('where all refuse, the client gets its end and the reason is told', async (t) => {
  const stage = createStage();
  const ports = [await freePort(), await freePort()] as const;
  const service = serveRelay(t, stage, ...ports.map(at));
  const client = await open(service.port);
  client.write('asks before it knows');
  t.equal(String(await readAll(client)), '', 'an end of file, not a reset');
  await service.whenEnded(1);
  t.strictSame(kindsOf(stage), ['builtin-started', 'start-failed', 'builtin-ended']);
  const what = ports.map((port) => `cannot connect to 127.0.0.1:${port}: connection refused`).join('; ');
  t.match(stage.events[1], { service: 'web', pid: undefined, failure: { code: 'ECONNREFUSED', what } });
  t.match(stage.events[2], { outcome: 'error' });
});

t.test('a service without an address to connect to says so', async (t) => {
  const stage = createStage();
  const service = serveRelay(t, stage);
  t.equal(String(await readAll(await open(service.port))), '');
  await service.whenEnded(1);
  t.match(stage.events[1], { kind: 'start-failed', failure: { what: 'web has no address to connect to' } });
});

/** When a connection attempt of the relay waits. */
const waitingForAnswer = async ({ clock }: Stage): Promise<void> => {
  while (clock.waiting() === 0) await nextTurn();
};

t.test('a target that does not answer has its time, then the next one is tried', async (t) => {
  const stage = createStage();
  const service = serveRelay(t, stage, openBlackHole(t, stage.kernel), await openTarget(t, answerAtEnd));
  const client = await open(service.port);
  client.end('x');
  await waitingForAnswer(stage);
  stage.clock.advance(seconds(10) - 1);
  await nextTurn();
  t.strictSame(kindsOf(stage), ['builtin-started']);
  stage.clock.advance(1);
  t.equal(String(await readAll(client)), 'you said x');
  await service.whenEnded(1);
  t.equal(stage.clock.waiting(), 0);
});

t.test('where nobody answers, the client gets its end after that time', async (t) => {
  const stage = createStage();
  const hole = openBlackHole(t, stage.kernel);
  const service = serveRelay(t, stage, hole);
  const client = await open(service.port);
  await waitingForAnswer(stage);
  stage.clock.advance(seconds(10));
  t.equal(String(await readAll(client)), '');
  await service.whenEnded(1);
  const what = `cannot connect to 127.0.0.1:${hole.port}: no answer within 10s`;
  t.match(stage.events[1], { kind: 'start-failed', failure: { code: 'ETIMEDOUT', what } });
});

t.test('a stop ends the waiting for an answer', async (t) => {
  const stage = createStage();
  const service = serveRelay(t, stage, openBlackHole(t, stage.kernel));
  const client = await open(service.port);
  await waitingForAnswer(stage);
  stopAll(service);
  stopAll(service);
  t.equal(String(await readAll(client)), '');
  await service.whenEnded(1);
  t.strictSame(kindsOf(stage), ['builtin-started', 'builtin-ended']);
  t.equal(stage.clock.waiting(), 0);
});

t.test('a stop in the middle resets both sides and tells what had been moved', async (t) => {
  const stage = createStage();
  const sockets: Socket[] = [];
  const service = serveRelay(t, stage, await openTarget(t, (socket) => sockets.push(socket)));
  const client = await open(service.port);
  client.write('half a sen');
  while (sockets.length === 0) await nextTurn();
  const [server = client] = sockets;
  t.equal(String(await readExactly(server, 10)), 'half a sen');
  const broken = Promise.all([once(client, 'error'), once(server, 'error')]);
  for (const each of [client, server]) each.resume();
  stopAll(service);
  stopAll(service);
  t.match(await broken, [[{ code: 'ECONNRESET' }], [{ code: 'ECONNRESET' }]]);
  await service.whenEnded(1);
  t.match(stage.events, [
    { kind: 'builtin-started' },
    { kind: 'relayed', bytesIn: 10, bytesOut: 0 },
    { kind: 'builtin-ended', outcome: 'ended' },
  ]);
});

t.test('a reset is an error, and nobody is told of what nobody wants to know', async (t) => {
  const target = await openTarget(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const stage = createStage();
  const service = serveRelay(t, stage, target);
  const client = await open(service.port);
  const broken = once(client, 'error');
  client.resume().write('x');
  t.match(await broken, [{ code: 'ECONNRESET' }]);
  await service.whenEnded(1);
  t.match(stage.events[2], { kind: 'builtin-ended', outcome: 'error' });

  const quiet = createStage({ isWanted: () => false });
  const unheard = serveRelay(t, quiet, await openTarget(t, answerAtEnd));
  (await open(unheard.port)).end('x');
  await unheard.whenEnded(1);
  t.strictSame(quiet.events, []);
});

const canLimit = hasProgram('/usr/bin/prlimit');

t.test('out of descriptors', { skip: canLimit ? false : 'needs prlimit' }, async (t) => {
  const stage = createStage();
  const { kernel, surface } = stage;
  const target = await openTarget(t, answerAtEnd);
  const warmUp = serveRelay(t, stage, target);
  (await open(warmUp.port)).end();
  await warmUp.whenEnded(1);
  stage.events.length = 0;

  const setLimit = (soft: number | string): void =>
    void execFileSync('prlimit', ['--pid', `${process.pid}`, `--nofile=${soft}:`]);
  const { soft } = kernel.descriptorLimit;
  const listener = listenAt(kernel, loopback(4));
  const where = { host: '127.0.0.1', port: kernel.portOf(listener) };
  const [first, second] = [
    await connectTo(kernel, listener, where),
    await connectTo(kernel, listener, where),
  ];
  const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
  setLimit(highest + 64);
  const taken: Descriptor[] = [];
  t.throws(() => {
    for (;;) taken.push(kernel.openNull());
  });
  const prepared = { service: relayTo(target), recipe: undefined };
  const never = (): void => void t.fail('it has not begun');
  const errors = ['EMFILE', 'EMFILE'].map((code) => ({ code }));
  for (const error of errors) {
    t.throws(
      () => startRelay(surface, prepared, first.accepted, never),
      error,
      'a client without a second socket',
    );
  }
  t.strictSame(stage.events, []);

  // one for the relay's socket and one for the server's: none is left for a pipe
  for (const each of taken.splice(0, 2)) kernel.close(each);
  const ended = new Promise<void>((resolve) => {
    startRelay(surface, prepared, second.accepted, resolve);
  });
  const said = noise(8_000_000, 6);
  second.client.end(said);
  const answer = await readToEnd(second.client);
  t.equal(answer.length, said.length + 9, 'bulk goes without splice');
  t.ok(answer.subarray(9).equals(said));
  await ended;

  for (const each of taken) kernel.close(each);
  setLimit(soft);
  kernel.close(first.accepted.descriptor);
  kernel.close(listener);
});

t.test('a thousand relays leave no descriptor behind', async (t) => {
  const stage = createStage();
  const target = await openTarget(t, answerAtEnd);
  const service = serveRelay(t, stage, target);
  const unreachable = serveRelay(t, stage, at(await freePort()));
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 20; round++) {
    const clients = Array.from({ length: 50 }, async (_, index) => {
      const client = await open(index % 5 === 0 ? unreachable.port : service.port);
      client.on('error', () => undefined);
      if (index % 5 === 1) client.resetAndDestroy();
      else client.end('x');
      client.resume();
      await new Promise<void>((resolve) => client.once('close', () => resolve()));
    });
    await Promise.all([
      ...clients,
      service.whenEnded(40 * (round + 1)),
      unreachable.whenEnded(10 * (round + 1)),
    ]);
  }
  t.ok(readdirSync('/proc/self/fd').length - before < 20);
});
