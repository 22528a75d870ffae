// Datagrams: who sent them, which address was asked, and replies from there.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { peerOf } from '../../src/model/record.ts';
import { compileHandlers } from '../support/compile.ts';
import { loopback, openEngine, readable, recipeOf, unixAt } from '../support/engine.ts';
import { readReport } from '../support/report.ts';

const handlers = compileHandlers('report');
const { kernel, ended } = openEngine(t);
const room = Buffer.alloc(65_536);

/** A datagram socket that tells which address was asked, bound to this one. */
const openDatagramSocket = (version: 4 | 6, host: string, port = 0): Descriptor => {
  const socket = kernel.openSocket(version, 'dgram');
  if (version === 4) kernel.setOption(socket, 'IP_PKTINFO', 1);
  else kernel.setOption(socket, 'IPV6_RECVPKTINFO', 1);
  kernel.bindInternet(socket, { ...loopback(version, 'dgram'), host, port });
  return socket;
};

const openClient = async (t: Test, version: 4 | 6 = 4): Promise<Socket> => {
  const client = createSocket(version === 4 ? 'udp4' : 'udp6');
  client.bind(0, version === 4 ? '127.0.0.1' : '::1');
  await once(client, 'listening');
  t.teardown(() => client.close());
  return client;
};

const send = (client: Socket, text: string, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    client.send(text, port, host, (error) => (error === null ? resolve() : reject(error)));
  });

const receive = async (socket: Descriptor, how: 'take' | 'peek' = 'take') => {
  await readable(kernel, socket);
  const datagram = kernel.receive(socket, room, how);
  if (datagram === undefined) throw new Error('no datagram');
  return { ...datagram, text: room.toString('latin1', 0, datagram.length) };
};

const testReply = async (
  t: Test,
  socket: Descriptor,
  client: Socket,
  asked: string,
  hosts: readonly [client: string, asked: string],
): Promise<void> => {
  await send(client, 'question', kernel.portOf(socket), asked);
  const { text, record } = await receive(socket);
  t.equal(text, 'question');
  t.strictSame(peerOf(record), { kind: 'internet', host: hosts[0], port: client.address().port });
  const reply = once(client, 'message');
  t.ok(kernel.send(socket, Buffer.from('answer'), record));
  const [answer, from] = await reply;
  t.equal(`${answer}`, 'answer');
  t.match(from, { address: hosts[1], port: kernel.portOf(socket) });
};

t.test('a reply leaves from the address that was asked', async (t) => {
  const socket = openDatagramSocket(4, '0.0.0.0');
  const client = await openClient(t);
  for (const asked of ['127.0.0.1', '127.0.0.2', '127.7.7.7']) {
    await testReply(t, socket, client, asked, ['127.0.0.1', asked]);
  }
  kernel.close(socket);
});

t.test('over IPv6 too', async (t) => {
  const socket = openDatagramSocket(6, '::');
  await testReply(t, socket, await openClient(t, 6), '::1', ['::1', '::1']);
  kernel.close(socket);
});

t.test('and to IPv4 clients of an IPv6 socket', async (t) => {
  const socket = openDatagramSocket(6, '::');
  await testReply(t, socket, await openClient(t), '127.0.0.2', ['127.0.0.1', '127.0.0.2']);
  kernel.close(socket);
});

t.test('a datagram to a broadcast address is answered from an address of ours', async (t) => {
  const socket = openDatagramSocket(4, '0.0.0.0');
  const client = await openClient(t);
  client.setBroadcast(true);
  await testReply(t, socket, client, '127.255.255.255', ['127.0.0.1', '127.0.0.1']);
  kernel.close(socket);
});

t.test('a datagram to a multicast address is answered from an address of ours', async (t) => {
  const socket = openDatagramSocket(4, '0.0.0.0');
  const client = await openClient(t);
  client.setMulticastInterface('127.0.0.1');
  // all hosts: nobody has to join
  await testReply(t, socket, client, '224.0.0.1', ['127.0.0.1', '127.0.0.1']);
  kernel.close(socket);
});

t.test('a peek leaves the datagram in the queue, a queue without one says so', async (t) => {
  const socket = openDatagramSocket(4, '127.0.0.1');
  t.equal(kernel.receive(socket, room, 'take'), undefined);
  const client = await openClient(t);
  await send(client, 'first', kernel.portOf(socket), '127.0.0.1');
  t.equal((await receive(socket, 'peek')).text, 'first');
  t.equal((await receive(socket)).text, 'first');
  t.equal(kernel.receive(socket, room, 'take'), undefined);
  await send(client, '', kernel.portOf(socket), '127.0.0.1');
  t.equal((await receive(socket)).length, 0, 'an empty one is one too');
  kernel.close(socket);
});

t.test('the datagrams of other senders are noticed', async (t) => {
  const check = async (name: string, others: readonly string[], expected: boolean): Promise<void> => {
    const socket = openDatagramSocket(4, '127.0.0.1');
    const port = kernel.portOf(socket);
    const [own, foreign] = [await openClient(t), await openClient(t)];
    await send(own, 'first', port, '127.0.0.1');
    const { record } = await receive(socket, 'peek');
    for (const each of others) {
      const [client, text] = each.startsWith('!') ? [foreign, each.slice(1)] : [own, each];
      await send(client, text, port, '127.0.0.1');
    }
    t.equal(kernel.hasOtherSenders(socket, record), expected, name);
    const texts = [];
    for (let each = kernel.receive(socket, room, 'take'); each !== undefined; ) {
      texts.push(room.toString('latin1', 0, each.length));
      each = kernel.receive(socket, room, 'take');
    }
    t.strictSame(texts, ['first', ...others.map((each) => each.replace('!', ''))], 'all are still there');
    kernel.close(socket);
  };
  await check('one alone', [], false);
  await check('several of one', ['second', 'third'], false);
  await check('another one behind', ['second', '!third'], true);
  await check('an empty one of the same', ['', 'third'], false);
  await check('another one behind an empty one', ['', '!third'], true);
  await check('another one behind two empty ones', ['', '', 'x', '', '!third'], true);
  await check('an empty one of another', ['second', '!'], true);
});

const needsRoot = process.getuid?.() === 0 ? false : 'only root may write whole packets';

t.test('a datagram is put back as if its sender had sent it again', { skip: needsRoot }, async (t) => {
  for (const [version, host] of [
    [4, '127.0.0.1'],
    [4, '127.0.0.2'],
    [6, '::1'],
  ] as const) {
    // a whole packet must fit the loopback interface's 65,536 bytes
    const longest = version === 4 ? 65_507 : 65_488;
    const socket = openDatagramSocket(version, version === 4 ? '0.0.0.0' : '::');
    const client = await openClient(t, version);
    for (const text of ['', 'x', 'even', 'odd', 'y'.repeat(9000), '\xff'.repeat(longest)]) {
      const bytes = Buffer.from(text, 'latin1');
      await send(client, 'template', kernel.portOf(socket), host);
      const { record } = await receive(socket);
      kernel.inject(bytes, record);
      const again = await receive(socket);
      t.strictSame(peerOf(again.record), peerOf(record));
      t.ok(room.subarray(0, again.length).equals(bytes), `${host}, ${bytes.length} bytes`);
      t.ok(
        Buffer.from(again.record).subarray(24).equals(Buffer.from(record).subarray(24)),
        'the same two ends',
      );
    }
    kernel.close(socket);
  }
});

t.test('an IPv4 datagram of an IPv6 socket is put back too', { skip: needsRoot }, async (t) => {
  const socket = openDatagramSocket(6, '::');
  const client = await openClient(t);
  await send(client, 'text', kernel.portOf(socket), '127.0.0.1');
  const { record } = await receive(socket);
  kernel.inject(Buffer.from('again'), record);
  const again = await receive(socket);
  t.strictSame([again.text, peerOf(again.record)], ['again', peerOf(record)]);
  kernel.close(socket);
});

t.test('what is too long for a datagram cannot be put back', async (t) => {
  const socket = openDatagramSocket(4, '127.0.0.1');
  await send(await openClient(t), 'text', kernel.portOf(socket), '127.0.0.1');
  const { record } = await receive(socket);
  t.throws(() => kernel.inject(Buffer.alloc(65_508), record), { code: 'EMSGSIZE' });
  kernel.close(socket);
});

t.test('a socket that is connected to a sender hears nobody else', async (t) => {
  const socket = openDatagramSocket(4, '127.0.0.1');
  const port = kernel.portOf(socket);
  const [own, foreign] = [await openClient(t), await openClient(t)];
  await send(own, 'first', port, '127.0.0.1');
  const { record } = await receive(socket);
  kernel.connectTo(socket, record);
  await send(foreign, 'foreign', port, '127.0.0.1').catch(() => undefined);
  await send(own, 'second', port, '127.0.0.1');
  t.equal((await receive(socket)).text, 'second');
  const reply = once(own, 'message');
  t.equal(kernel.write(socket, Buffer.from('answer')), 6);
  t.equal(`${(await reply)[0]}`, 'answer');
  kernel.close(socket);
});

t.test('a handler of a datagram gets the socket and the addresses', async (t) => {
  const socket = openDatagramSocket(4, '0.0.0.0');
  const client = await openClient(t);
  await send(client, 'text', kernel.portOf(socket), '127.0.0.2');
  const { record } = await receive(socket, 'peek');
  const { ours, theirs } = kernel.openLogPair();
  const recipe = recipeOf(kernel, join(handlers, 'report'), {
    layout: ['handed', theirs],
    addressVariables: [
      { name: 'REMOTE_PORT', field: 'remotePort' },
      { name: 'LOCAL_ADDR', field: 'localAddress' },
    ],
  });
  const pid = kernel.spawn(recipe, socket, record, 'keep');
  t.equal((await ended(pid)).status, 0);
  kernel.close(theirs);
  let text = '';
  for (let got = kernel.read(ours, room, 'take') ?? 0; got > 0; got = kernel.read(ours, room, 'take') ?? 0) {
    text += room.toString('latin1', 0, got);
  }
  kernel.close(ours);
  t.strictSame(readReport(text).environment, {
    REMOTE_PORT: `${client.address().port}`,
    LOCAL_ADDR: '127.0.0.2',
  });
  t.equal((await receive(socket)).text, 'text', 'the datagram is still there for the handler');
  kernel.close(socket);
});

t.test('a unix datagram has no sender that could be answered', async (t) => {
  const path = `@acceptd-test-${process.pid}-datagram`;
  const socket = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(socket, unixAt(path, 'dgram'));
  const sender = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(sender, unixAt(`${path}-sender`, 'dgram'));
  kernel.close(sender);
  t.equal(kernel.receive(socket, room, 'take'), undefined);
  kernel.close(socket);
});
