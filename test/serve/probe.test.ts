// When a server that says nothing takes connections.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { ConnectAddress } from '../../src/model/address.ts';
import type { Failure } from '../../src/model/event.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import { beginConnect, connectProgress } from '../../src/native/relay.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { probe } from '../../src/serve/probe.ts';
import { createTestClock } from '../support/clock.ts';
import { openEngine } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';

const { kernel } = openEngine(t);
// paths of sockets are short
const folder = mkdtempSync('/tmp/probe-');
t.teardown(() => rmSync(folder, { recursive: true }));

const asking = (
  targets: readonly ConnectAddress[],
  limit: number | undefined,
  clock = systemClock,
): { readonly answer: Promise<Failure | undefined>; readonly undo: () => void } => {
  let undo = (): void => undefined;
  const answer = new Promise<Failure | undefined>((resolve) => {
    undo = probe({ kernel, clock }, targets, limit === undefined ? undefined : milliseconds(limit), resolve);
  });
  return { answer, undo };
};

const tcp = (port: number): ConnectAddress => ({ version: 4, host: '127.0.0.1', port });

t.test('a server that comes up while it is asked for answers, over TCP and at a path', async (t) => {
  const port = await freePort();
  const path = join(folder, 'late.sock');
  const unix: ConnectAddress = { version: 'unix', path };
  for (const [target, where] of [
    [tcp(port), { port, host: '127.0.0.1' }],
    [unix, { path }],
  ] as const) {
    const { answer } = asking([target], undefined);
    const server = createServer((socket) => socket.resume().on('error', () => undefined));
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    server.listen(where);
    await once(server, 'listening');
    t.equal(await answer, undefined);
    server.close();
  }
});

t.test('who has not come by the limit is told of with what was tried', async (t) => {
  const port = await freePort();
  const path = join(folder, 'never.sock');
  const clock = createTestClock();
  const { answer } = asking([tcp(port), { version: 'unix', path }], 500, clock);
  // from here on each try is over before advance() returns
  for (let step = 0; step < 60; step++) clock.advance(10);
  const what = `nobody answers at 127.0.0.1:${port} or ${path} within 500ms (cannot connect to ${path}: no such file or directory)`;
  t.match(await answer, { code: 'ENOENT', what });
  t.equal(clock.waiting(), 0);
});

t.test('a question that is taken back is not asked again', async (t) => {
  const clock = createTestClock();
  const { undo } = asking([tcp(await freePort())], undefined, clock);
  t.equal(clock.waiting(), 1);
  undo();
  t.equal(clock.waiting(), 0);
  clock.advance(seconds(100));
});

t.test('our own end that meets itself at a port without a listener is no server', async (t) => {
  // the kernel takes our own from the even ones of its range, one after the other: soon it takes the very one that is called
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  server.close();
  await once(server, 'close');
  const target = tcp(address.port & ~1);
  let connected = 0;
  for (let tries = 0; tries < 40_000; tries++) {
    try {
      const descriptor = beginConnect(target);
      if (connectProgress(descriptor, target) === 'connected') connected++;
      kernel.close(descriptor);
    } catch {
      // refused within connect(2)
    }
    if (tries % 1_000 === 0) await nextTurn();
  }
  t.equal(connected, 0);
});
