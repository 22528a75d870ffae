// Connections at our addresses, in every state that they can be in.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ListenAddress } from '../../src/model/address.ts';
import { askConnections, countConnections } from '../../src/native/flows.ts';
import { compileHandlers } from '../support/compile.ts';
import { listenAt, loopback, openEngine, readable, recipeOf, unixAt } from '../support/engine.ts';

const client = join(compileHandlers('unix-client'), 'unix-client');
const { kernel, ended } = openEngine(t);
const directory = mkdtempSync(join(tmpdir(), 'flows-'));
t.teardown(() => rmSync(directory, { recursive: true }));

/** A server that keeps its side open, and who came. */
const serve = async (where: { host: string } | { path: string }) => {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).resume();
    accepted.push(socket);
  });
  server.listen('path' in where ? where : { port: 0, ...where });
  await once(server, 'listening');
  return { server, accepted };
};

const portOf = (server: Server): number => {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
};

/** A client and the server's end of it. */
const meet = async (server: Server, to: { host: string; port: number } | { path: string }) => {
  const connected = once(server, 'connection');
  const client = connect({ allowHalfOpen: true, ...to }).on('error', () => undefined);
  client.resume();
  const [socket] = await connected;
  return { client, socket: socket as Socket };
};

/** The kernel needs a moment for what the other end has just done: looks until it is so, for a while. */
const becomes = async (t: Test, addresses: readonly ListenAddress[], count: number, what: string) => {
  const end = performance.now() + 60_000;
  while (countConnections(addresses) !== count && performance.now() < end) await new Promise(setImmediate);
  t.equal(countConnections(addresses), count, what);
};

for (const version of [4, 6] as const) {
  t.test(
    `TCP over IPv${version}: each state counts as long as somebody may have something to do`,
    async (t) => {
      const { host } = loopback(version);
      const { server } = await serve({ host });
      const port = portOf(server);
      const here: readonly ListenAddress[] = [{ ...loopback(version), port }];
      t.equal(countConnections(here), 0, 'a listener is no connection');
      const one = await meet(server, { host, port });
      await becomes(t, here, 1, 'one end of it is ours');
      const two = await meet(server, { host, port });
      await becomes(t, here, 2, 'two clients');
      one.client.end();
      await once(one.socket, 'end');
      await becomes(t, here, 2, 'a client that has said all still waits for its answer');
      two.socket.end();
      await once(two.client, 'end');
      await becomes(t, here, 2, 'a server that has said all may still listen');
      one.socket.end();
      await becomes(t, here, 1, 'a connection that both have ended is none');
      two.socket.destroy();
      await becomes(t, here, 0, 'nor one that the server has closed, whatever the client does');
      two.client.destroy();
      server.close();
    },
  );
}

t.test('who waits in the queue counts', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const here: readonly ListenAddress[] = [{ ...loopback(4), port: kernel.portOf(listener) }];
  const path = join(directory, 'queue');
  const other = listenAt(kernel, unixAt(path));
  const clients = [connect(kernel.portOf(listener), '127.0.0.1'), connect(path), connect(path)];
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await becomes(t, here, 1, 'TCP');
  await becomes(t, [unixAt(path)], 2, 'unix');
  clients[0]?.end();
  clients[1]?.destroy();
  await becomes(t, here, 1, 'a client that has left the queue is for the server to find out');
  await becomes(t, [unixAt(path)], 2, 'in both');
  const [taken] = kernel.accept(other, 1);
  await becomes(t, [unixAt(path)], 2, 'one that is accepted is not counted twice');
  if (taken !== undefined) kernel.close(taken.descriptor);
  await becomes(t, [unixAt(path)], 1, 'and not after its end');
  kernel.close(listener);
  kernel.close(other);
  for (const client of clients) client.destroy();
});

t.test('an address is ours and not its port elsewhere', async (t) => {
  const { server } = await serve({ host: '0.0.0.0' });
  const port = portOf(server);
  const { client, socket } = await meet(server, { host: '127.0.0.2', port });
  const at = (host: string): ListenAddress => ({ ...loopback(4), host, port });
  await becomes(t, [at('0.0.0.0')], 1, 'all addresses are');
  t.equal(countConnections([at('127.0.0.2')]), 1);
  t.equal(countConnections([at('127.0.0.1')]), 0, 'this one is not');
  t.equal(countConnections([at('127.0.0.1'), at('127.0.0.3'), at('127.0.0.2')]), 1, 'one of several');
  t.equal(countConnections([at('127.0.0.2'), at('0.0.0.0')]), 1, 'counted once');
  t.equal(
    countConnections([{ ...loopback(4), host: '0.0.0.0', port: client.localPort ?? 0 }]),
    1,
    'its other end',
  );
  t.equal(countConnections([{ ...loopback(6), host: '::', port }]), 0, 'nothing of IPv6');
  t.equal(countConnections([{ ...loopback(4, 'dgram'), host: '0.0.0.0', port }]), 0, 'datagrams have none');
  const many = Array.from({ length: 200 }, (_, index) => at(`127.0.1.${index}`));
  t.equal(countConnections([...many, at('127.0.0.2')]), 1, 'among 201');
  t.equal(countConnections(many), 0, 'and not among the 200 others');
  t.equal(countConnections([]), 0);
  socket.destroy();
  client.destroy();
  server.close();
});

t.test('a socket of IPv6 that takes IPv4 has the clients of both', async (t) => {
  const { server } = await serve({ host: '::' });
  const port = portOf(server);
  const ends = [await meet(server, { host: '127.0.0.1', port }), await meet(server, { host: '::1', port })];
  await becomes(t, [{ ...loopback(6), host: '::', port, takesMapped: true }], 2, 'both');
  for (const { client, socket } of ends) {
    socket.destroy();
    client.destroy();
  }
  server.close();
});

t.test('unix: each state counts as long as somebody may have something to do', async (t) => {
  const path = join(directory, 'stream');
  const { server } = await serve({ path });
  const here = [unixAt(path)];
  t.equal(countConnections(here), 0, 'a listener is no connection');
  const one = await meet(server, { path });
  const two = await meet(server, { path });
  await becomes(t, here, 2, 'two clients');
  t.equal(countConnections([unixAt(`${path}x`), unixAt(path.slice(0, -1))]), 0, 'a name is a whole name');
  one.client.end();
  await once(one.socket, 'end');
  await becomes(t, here, 2, 'a client that has said all still waits');
  one.socket.end();
  await becomes(t, here, 1, 'both have ended');
  two.socket.destroy();
  await becomes(t, here, 0, 'the server has closed');
  for (const { client } of [one, two]) client.destroy();
  server.close();
});

for (const [type, path] of [
  ['stream', `@flows-${process.pid}`],
  ['seqpacket', join(directory, 'packets')],
] as const) {
  t.test(`unix ${type} at ${path.startsWith('@') ? 'an abstract name' : 'a path'}`, async (t) => {
    const listener = listenAt(kernel, unixAt(path, type));
    const recipe = recipeOf(kernel, client, {
      arguments: ['unix-client', type, path, 'text'],
      layout: ['null', 'null', 'null'],
    });
    const pid = kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
    await readable(kernel, listener);
    await becomes(t, [unixAt(path, type)], 1, 'in the queue');
    const [taken] = kernel.accept(listener, 1);
    if (taken === undefined) throw new Error('nobody has come');
    await becomes(t, [unixAt(path, type)], 1, 'and accepted');
    kernel.close(taken.descriptor);
    t.equal(countConnections([unixAt(path, type)]), 0);
    await ended(pid);
    kernel.close(listener);
  });
}

t.test('an answer on another thread is the same', async (t) => {
  const { server } = await serve({ host: '127.0.0.1' });
  const here: readonly ListenAddress[] = [{ ...loopback(4), port: portOf(server) }];
  const { client, socket } = await meet(server, { host: '127.0.0.1', port: portOf(server) });
  await becomes(t, here, 1, 'at once');
  t.strictSame(
    await Promise.all([askConnections(here), askConnections([]), askConnections(here)]),
    [1, 0, 1],
  );
  await t.rejects(askConnections([{ ...loopback(4), host: 'x' }]), { code: 'EINVAL' });
  client.destroy();
  socket.destroy();
  server.close();
});

t.test('a thousand counts leave nothing behind', async (t) => {
  const { server } = await serve({ host: '127.0.0.1' });
  const here: readonly ListenAddress[] = [{ ...loopback(4), port: portOf(server) }, unixAt('/nowhere/x')];
  const before = kernel.openNull();
  kernel.close(before);
  for (let count = 0; count < 1000; count++) countConnections(here);
  const after = kernel.openNull();
  kernel.close(after);
  t.equal(after, before, 'the next descriptor has the same number');
  server.close();
});
