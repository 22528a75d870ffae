// Asking for a client's user, of real servers that answer well, badly, slowly or not at all.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createIdent, type Ident, parseIdentReply } from '../../src/runtime/ident.ts';
import { createTestClock } from '../support/clock.ts';
import { listenAt, loopback, openEngine, readable, recipeOf } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { clientRecord, unixRecord } from '../support/records.ts';

const ports = { theirs: 40_000, ours: 79 };

/** The user that a reply names, of a client at port 40000 who has called port 79. */
const userIn = (line: string): string | undefined => parseIdentReply(line, ports);

t.test('what stands behind USERID is the user', async (t) => {
  const pairs = [
    ['40000, 79 : USERID : UNIX : alice\r', 'UNIX : alice'],
    ['40000,79:USERID:UNIX:alice', 'UNIX:alice'],
    [' 40000 , 79 : USERID : OTHER,US-ASCII : a:b c \r', 'OTHER,US-ASCII : a:b c'],
    ['40000, 79 : USERID : UNIX : \u001b[31mroot\r', 'UNIX : \\u{1b}[31mroot'],
  ] as const;
  for (const [line, user] of pairs) t.equal(userIn(line), user);
  for (const line of [
    '',
    'nonsense',
    '40000, 79 : ERROR : NO-USER',
    '40001, 79 : USERID : UNIX : alice',
    '40000, 80 : USERID : UNIX : alice',
    '40000, 79 : USERID : ',
    '40000, 79 : USERID',
  ])
    t.equal(userIn(line), undefined, line);
});

const listen = async (
  t: Test,
  serve: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // who does not read does not see that the other side has left
    socket.resume();
    serve(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
};

const record = clientRecord('127.0.0.1', 40_000, { host: '127.0.0.2', port: 79 });

const ask = async (t: Test, serve: (socket: Socket) => void): Promise<Awaited<ReturnType<Ident['ask']>>> => {
  const { port } = await listen(t, serve);
  return createIdent({ clock: createTestClock(), port }).ask(record);
};

t.test('the question names both ports and comes from the address that was called', async (t) => {
  for (const [host, called] of [
    ['127.0.0.1', '127.0.0.2'],
    ['::1', '::1'],
  ] as const) {
    const seen: string[] = [];
    const { port } = await listen(
      t,
      (socket) => {
        seen.push(socket.remoteAddress ?? '');
        socket.once('data', (bytes) => {
          seen.push(String(bytes));
          // in two parts
          socket.write('40000, 79 : USE');
          setImmediate(() => socket.end('RID : UNIX : alice\r\n'));
        });
      },
      host,
    );
    const ident = createIdent({ clock: createTestClock(), port });
    const reply = await ident.ask(clientRecord(host, 40_000, { host: called, port: 79 }));
    t.strictSame(reply, { user: 'UNIX : alice' });
    t.strictSame(seen, [called, '40000,79\r\n']);
  }
});

t.test('a server that says something else, too much, or nothing', async (t) => {
  t.strictSame(await ask(t, (socket) => socket.end('40000, 79 : ERROR : NO-USER\r\n')), {
    why: 'bad response',
  });
  t.strictSame(await ask(t, (socket) => socket.write('x'.repeat(513))), { why: 'bad response' });
  const long = `40000, 79 : USERID : UNIX : ${'x'.repeat(500)}\r\n`;
  t.strictSame(await ask(t, (socket) => socket.write(long)), { why: 'bad response' });
  t.strictSame(await ask(t, (socket) => socket.end()), { why: 'error while receiving response' });
  t.strictSame(await ask(t, (socket) => socket.end('40000, 79 : USERID : UNIX : al')), {
    why: 'error while receiving response',
  });
  t.strictSame(await ask(t, (socket) => socket.once('data', () => socket.resetAndDestroy())), {
    why: 'error while receiving response',
  });
});

const realServer = '/usr/sbin/nullidentd';

t.test('a real server', { skip: existsSync(realServer) ? false : 'needs nullidentd' }, async (t) => {
  const { kernel, ended } = openEngine(t);
  const listener = listenAt(kernel, loopback(4));
  const reply = createIdent({ clock: createTestClock(), port: kernel.portOf(listener) }).ask(record);
  await readable(kernel, listener);
  const [accepted] = kernel.accept(listener, 1);
  if (accepted === undefined) throw new Error('nobody came');
  // it does not run as root
  const nobody = { uid: 65_534, gid: 65_534, groups: [] };
  const credentials = process.getuid?.() === 0 ? nobody : undefined;
  const recipe = recipeOf(kernel, realServer, { credentials });
  const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
  t.match(await reply, { user: /^UNIX *: *\w+$/ });
  await ended(pid);
  kernel.close(listener);
});

t.test('where there is no server', async (t) => {
  const ident = createIdent({ clock: createTestClock(), port: await freePort() });
  t.strictSame(await ident.ask(record), { why: 'no server' });
  t.strictSame(await ident.ask(unixRecord()), { why: 'no server' });
});

t.test('a silent server is given up at the deadline', async (t) => {
  const clock = createTestClock();
  let onCalled: (socket: Socket) => void = () => undefined;
  const called: Promise<Socket> = new Promise((resolve) => {
    onCalled = resolve;
  });
  const { port } = await listen(t, (socket) => onCalled(socket));
  const answer = createIdent({ clock, port }).ask(record);
  const socket = await called;
  clock.advance(9_999);
  t.equal(clock.waiting(), 1);
  clock.advance(1);
  t.strictSame(await answer, { why: 'timeout' });
  await once(socket, 'close');
  t.equal(clock.waiting(), 0, 'and nothing is left of it');
});

t.test('our own trouble is told as such, and so many are asked at once', async (t) => {
  const clock = createTestClock();
  const { port } = await listen(t, () => undefined);
  const ident = createIdent({ clock, port, atOnce: 2 });
  const foreign = clientRecord('127.0.0.1', 40_000, { host: '192.0.2.77', port: 79 });
  t.strictSame(await ident.ask(foreign), { why: 'system error' }, 'an address that is not ours');
  t.strictSame(await ident.ask(clientRecord('127.0.0.1')), { why: 'system error' }, 'an unknown one');
  const pending = [ident.ask(record), ident.ask(record)];
  t.strictSame(await ident.ask(record), { why: 'system error' });
  clock.advance(10_000);
  t.strictSame(await Promise.all(pending), [{ why: 'timeout' }, { why: 'timeout' }]);
  const next = ident.ask(record);
  clock.advance(10_000);
  t.strictSame(await next, { why: 'timeout' }, 'there is room again');
});
