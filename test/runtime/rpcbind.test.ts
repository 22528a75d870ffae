// Registration with Debian's rpcbind, run in a network and a mount namespace of its own; and with what is no rpcbind.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { seconds } from '../../src/model/quantity.ts';
import { createRpcbind } from '../../src/runtime/rpcbind.ts';
import { createTestClock } from '../support/clock.ts';
import { inside, needsRpcbind, startRpcbind } from '../support/rpcbind-server.ts';

const clock = createTestClock();
/** Of the range for private use (RFC 5531). */
const program = 0x2000_0a0a;

/** `version netid address owner` of our program, in order. */
const registered = (child: ChildProcess): readonly string[] =>
  inside(child, 'rpcinfo')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([number]) => number === String(program))
    .map(([, version, netid, address, , owner]) => `${version} ${netid} ${address} ${owner}`)
    .sort();

t.test('a program is registered, found and unregistered', needsRpcbind, async (t) => {
  const child = await startRpcbind(t);
  const rpcbind = createRpcbind({ clock, socketPath: `/proc/${child.pid}/root/run/rpcbind.sock`, port: 1 });
  t.equal(await rpcbind.register(program, 1, 'tcp', 5001), undefined);
  t.equal(await rpcbind.register(program, 1, 'udp', 5002), undefined);
  t.equal(await rpcbind.register(program, 2, 'tcp6', 65535), undefined);
  t.same(registered(child), [
    '1 tcp 0.0.0.0.19.137 superuser',
    '1 udp 0.0.0.0.19.138 superuser',
    '2 tcp6 ::.255.255 superuser',
  ]);
  t.match(inside(child, 'rpcinfo', '-p'), new RegExp(`${program}\\s+1\\s+tcp\\s+5001`));
  t.equal(await rpcbind.register(program, 1, 'tcp', 6001), undefined);
  t.same(
    registered(child).slice(0, 2),
    ['1 tcp 0.0.0.0.23.113 superuser', '1 udp 0.0.0.0.19.138 superuser'],
    'a new port replaces the old one and leaves the other protocol alone',
  );
  t.equal(await rpcbind.unregister(program, 1), undefined);
  t.same(registered(child), ['2 tcp6 ::.255.255 superuser']);
  t.equal(await rpcbind.unregister(program, 2), undefined);
  t.equal(await rpcbind.unregister(program, 2), undefined, 'what is not there is no failure');
  t.same(registered(child), []);
  t.equal(clock.waiting(), 0);
});

t.test('without the local socket the portmapper is asked', needsRpcbind, async (t) => {
  const child = await startRpcbind(t);
  // a process enters the namespace of rpcbind and finds no socket at this path there
  const script = `
    import { createRpcbind } from ${JSON.stringify(new URL('../../src/runtime/rpcbind.js', import.meta.url).href)};
    const clock = { now: () => 0, wallClock: () => new Date(), after: () => () => undefined };
    const rpcbind = createRpcbind({ clock, socketPath: '/nonexistent/rpcbind.sock' });
    const results = [
      await rpcbind.register(${program}, 3, 'tcp', 5001),
      await rpcbind.register(${program}, 3, 'tcp', 5003),
      await rpcbind.register(${program}, 3, 'udp', 5003),
      await rpcbind.register(${program}, 4, 'udp', 5004),
      await rpcbind.unregister(${program}, 4),
    ];
    console.log(JSON.stringify(results.map((each) => each ?? 'done')));
  `;
  const output = inside(child, process.execPath, '--input-type=module', '--eval', script);
  t.same(JSON.parse(output), ['done', 'done', 'done', 'done', 'done']);
  t.match(registered(child), [/^3 tcp 0\.0\.0\.0\.19\.139 /, /^3 udp 0\.0\.0\.0\.19\.139 /]);
});

/** Something at a unix socket that is no rpcbind. */
const openImpostor = async (
  t: { teardown: (call: () => void) => unknown },
  onConnection: (socket: Socket) => void,
): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-rpcbind-'));
  const path = join(directory, 'socket');
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return path;
};

t.test('where no rpcbind runs, the failure says so', async (t) => {
  const rpcbind = createRpcbind({ clock, socketPath: '/nonexistent/rpcbind.sock', port: 1 });
  t.same(await rpcbind.register(program, 1, 'tcp', 5001), {
    code: 'ECONNREFUSED',
    what: `cannot register ${program} version 1 for tcp port 5001: cannot reach rpcbind: it is not running`,
  });
  t.match(await rpcbind.register(program, 1, 'tcp6', 5001), { code: 'ENOENT', what: /it is not running$/ });
  t.match(await rpcbind.unregister(program, 1), { what: /^cannot unregister .* it is not running$/ });
});

t.test('an rpcbind that does not answer is given up after a while', async (t) => {
  const socketPath = await openImpostor(t, () => undefined);
  const rpcbind = createRpcbind({ clock, socketPath, timeout: seconds(3) });
  const result = rpcbind.register(program, 1, 'tcp', 5001);
  t.equal(clock.waiting(), 1);
  clock.advance(seconds(3));
  t.match(await result, { code: 'ETIMEDOUT', what: /it does not answer$/ });
  t.equal(clock.waiting(), 0);
});

t.test('what is no rpcbind is a failure, not an exception', async (t) => {
  const words = (...values: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, index * 4);
    return buffer;
  };
  const header = 0x8000_0000;
  const answers: readonly (readonly [answers: readonly Buffer[] | 'end', code: string])[] = [
    ['end', 'ECONNRESET'],
    [[Buffer.from('220 welcome\r\n')], 'EPROTO'],
    [[words(header + 65_536)], 'EPROTO'],
    [[words(header + 4, 1)], 'EPROTO'],
    // another identifier; denied; program unavailable; no result
    [[words(header + 28, 9, 1, 0, 0, 0, 0, 1)], 'EPROTO'],
    [[words(header + 20, 1, 1, 1, 1, 1)], 'EPROTO'],
    [[words(header + 24, 1, 1, 0, 0, 0, 1)], 'EPROTO'],
    [[words(header + 24, 1, 1, 0, 0, 0, 0)], 'EPROTO'],
    // accepted, but nothing was set
    [[words(header + 28, 1, 1, 0, 0, 0, 0, 1), words(header + 28, 2, 1, 0, 0, 0, 0, 0)], 'EPERM'],
  ];
  for (const [replies, code] of answers) {
    let calls = 0;
    const socketPath = await openImpostor(t, (socket) => {
      if (replies === 'end') socket.end();
      else socket.on('data', () => socket.write(replies[calls++] ?? ''));
    });
    const rpcbind = createRpcbind({ clock, socketPath });
    t.match(await rpcbind.register(program, 1, 'tcp', 5001), { code });
  }
  t.equal(clock.waiting(), 0);
});

t.test('a reply in pieces is one reply', async (t) => {
  const socketPath = await openImpostor(t, (socket) => {
    socket.once('data', async () => {
      const reply = Buffer.from(`8000001c${'00000001'.repeat(2)}${'00000000'.repeat(4)}00000001`, 'hex');
      for (const byte of reply) {
        socket.write(Buffer.of(byte));
        await nextTurn();
      }
    });
  });
  t.equal(await createRpcbind({ clock, socketPath }).unregister(program, 1), undefined);
});
