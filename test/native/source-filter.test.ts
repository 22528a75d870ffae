// A socket's filter on real sockets: who is let through is served, others get no answer at all.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { noFacts } from '../../src/admission/facts.ts';
import { compileSourceFilter } from '../../src/admission/source-filter.ts';
import type { InternetAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { networkOf, parseAddress } from '../../src/model/network.ts';
import { peerOf } from '../../src/model/record.ts';
import { setSourceFilter } from '../../src/native/source-filter.ts';
import { listenAt, loopback, openEngine, readable } from '../support/engine.ts';

const { kernel } = openEngine(t);

/** The program that lets these networks in. */
const onlyFrom = (...networks: readonly string[]): Uint8Array => {
  const list = networks.map((text) => {
    const [address = '', prefix] = text.split('/');
    const bytes = parseAddress(address) ?? new Uint8Array(4);
    const network = networkOf(bytes, prefix === undefined ? bytes.length * 8 : Number(prefix));
    return { kind: 'network' as const, network };
  });
  const access = { onlyFrom: list, noAccess: [], times: [], maxLoad: undefined, wrapperName: undefined };
  const filter = compileSourceFilter(access, noFacts);
  if (filter.kind !== 'program') throw new Error(filter.kind);
  return filter.program;
};

const listen = (address: InternetAddress): { readonly listener: Descriptor; readonly port: number } => {
  const listener = listenAt(kernel, address);
  return { listener, port: kernel.portOf(listener) };
};

const openDual = (): { readonly listener: Descriptor; readonly port: number } => {
  const listener = kernel.openSocket(6, 'stream');
  kernel.setOption(listener, 'IPV6_V6ONLY', 0);
  kernel.bindInternet(listener, { ...loopback(6), host: '::', takesMapped: true });
  kernel.setBlocking(listener, false);
  kernel.listen(listener, 16);
  return { listener, port: kernel.portOf(listener) };
};

/** A client whose first request to connect has been sent when this gives it. */
const call = async (port: number, host: string, localAddress: string): Promise<Socket> => {
  const client = connect({ port, host, localAddress });
  client.on('error', () => undefined);
  // an address needs no look-up: the next turn has called connect(2), and the loopback delivers within the call
  await new Promise((resolve) => setImmediate(resolve));
  return client;
};

/** Waits for one client at least; the hosts of those who came, in order. */
const acceptAll = async (listener: Descriptor): Promise<readonly string[]> => {
  await readable(kernel, listener);
  return kernel.accept(listener, 16).map(({ descriptor, record }) => {
    kernel.close(descriptor);
    const peer = peerOf(record);
    return peer.kind === 'internet' ? peer.host : '';
  });
};

t.test('over IPv4 who may not come gets no answer, and who may is served', async (t) => {
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, onlyFrom('127.0.0.2/31'));
  const stranger = await call(port, '127.0.0.1', '127.0.0.1');
  const friend = await call(port, '127.0.0.1', '127.0.0.2');
  const other = await call(port, '127.0.0.1', '127.0.0.4');
  t.strictSame(await acceptAll(listener), ['127.0.0.2']);
  t.ok(stranger.connecting && other.connecting, 'no refusal either');
  for (const each of [stranger, friend, other]) each.destroy();
  kernel.close(listener);
});

t.test('over IPv6', async (t) => {
  const { listener, port } = listen(loopback(6));
  setSourceFilter(listener, onlyFrom('2001:db8::/32', '127.0.0.0/8', '::2'));
  const stranger = await call(port, '::1', '::1');
  t.ok(stranger.connecting);
  setSourceFilter(listener, onlyFrom('::1'));
  const friend = await call(port, '::1', '::1');
  t.strictSame(await acceptAll(listener), ['::1']);
  t.ok(stranger.connecting);
  for (const each of [stranger, friend]) each.destroy();
  kernel.close(listener);
});

t.test('a socket of both families tells them apart', async (t) => {
  const { listener, port } = openDual();
  setSourceFilter(listener, onlyFrom('127.0.0.2'));
  const strangers = [await call(port, '::1', '::1'), await call(port, '127.0.0.1', '127.0.0.1')];
  const friend = await call(port, '127.0.0.1', '127.0.0.2');
  t.strictSame(await acceptAll(listener), ['127.0.0.2']);
  setSourceFilter(listener, onlyFrom('::1'));
  const six = await call(port, '::1', '::1');
  t.strictSame(await acceptAll(listener), ['::1']);
  for (const each of strangers) t.ok(each.connecting);
  for (const each of [...strangers, friend, six]) each.destroy();
  kernel.close(listener);
});

t.test('datagrams of others never come in', async (t) => {
  for (const version of [4, 6] as const) {
    const socket = kernel.openSocket(version, 'dgram');
    if (version === 6) kernel.setOption(socket, 'IPV6_V6ONLY', 0);
    kernel.bindInternet(socket, { ...loopback(version, 'dgram'), host: version === 6 ? '::' : '127.0.0.1' });
    setSourceFilter(socket, onlyFrom('127.0.0.2'));
    const port = kernel.portOf(socket);
    const [stranger, friend] = [createSocket('udp4'), createSocket('udp4')];
    stranger.bind(0, '127.0.0.1');
    friend.bind(0, '127.0.0.2');
    await Promise.all([once(stranger, 'listening'), once(friend, 'listening')]);
    const send = (from: typeof friend, text: string): Promise<unknown> =>
      new Promise((resolve) => from.send(text, port, '127.0.0.1', resolve));
    const room = Buffer.alloc(100);
    const receive = async (): Promise<string> => {
      await readable(kernel, socket);
      return room.toString('latin1', 0, kernel.receive(socket, room, 'take')?.length);
    };
    await send(stranger, 'not this');
    await send(friend, 'but this');
    t.equal(await receive(), 'but this');
    t.equal(kernel.receive(socket, room, 'take'), undefined);
    setSourceFilter(socket, undefined);
    await send(stranger, 'and now this');
    t.equal(await receive(), 'and now this', 'a reload takes the filter away');
    stranger.close();
    friend.close();
    kernel.close(socket);
  }
});

t.test('a filter is taken away again, and who still tries comes in', async (t) => {
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, undefined);
  setSourceFilter(listener, onlyFrom('127.0.0.2'));
  const stranger = await call(port, '127.0.0.1', '127.0.0.1');
  t.ok(stranger.connecting);
  setSourceFilter(listener, undefined);
  t.strictSame(await acceptAll(listener), ['127.0.0.1'], 'its next attempt does');
  stranger.destroy();
  kernel.close(listener);
});

t.test('who was let in before a change goes on talking', async (t) => {
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, onlyFrom('127.0.0.2'));
  const client = await call(port, '127.0.0.1', '127.0.0.2');
  await readable(kernel, listener);
  const [accepted] = kernel.accept(listener, 1);
  if (accepted === undefined) throw new Error('nobody came');
  setSourceFilter(listener, onlyFrom('127.0.0.3'));
  client.write('hello');
  await readable(kernel, accepted.descriptor);
  const room = Buffer.alloc(100);
  t.equal(kernel.read(accepted.descriptor, room, 'take'), 5);
  kernel.write(accepted.descriptor, Buffer.from('answer'));
  const [answer] = await once(client, 'data');
  t.equal(String(answer), 'answer');
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});

t.test('nobody new comes into a listener that is about to be closed, filter or not', async (t) => {
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, onlyFrom('127.0.0.2'));
  const early = await call(port, '127.0.0.1', '127.0.0.2');
  // a kernel that is busy delivers later
  if (early.connecting) await once(early, 'connect');
  kernel.ignoreNewClients(listener);
  const [stranger, late] = [
    await call(port, '127.0.0.1', '127.0.0.1'),
    await call(port, '127.0.0.1', '127.0.0.2'),
  ];
  t.strictSame(await acceptAll(listener), ['127.0.0.2']);
  t.ok(stranger.connecting && late.connecting);
  for (const each of [early, stranger, late]) each.destroy();
  kernel.close(listener);
});

/** A filter counts as memory of its socket; before Linux 6.9 that was 20 KiB. */
const optionMemory = Number(readFileSync('/proc/sys/net/core/optmem_max', 'utf8'));
const hasMemory = optionMemory >= 65_536 ? false : `net.core.optmem_max is ${optionMemory}`;

t.test('a program nearly as long as the kernel takes it', { skip: hasMemory }, async (t) => {
  const hosts = Array.from({ length: 1_800 }, (_, index) => `10.${index >> 7}.${(index & 127) * 2}.1`);
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, onlyFrom(...hosts, '127.0.0.2'));
  const stranger = await call(port, '127.0.0.1', '127.0.0.1');
  const friend = await call(port, '127.0.0.1', '127.0.0.2');
  t.strictSame(await acceptAll(listener), ['127.0.0.2']);
  t.ok(stranger.connecting);
  for (const each of [stranger, friend]) each.destroy();
  kernel.close(listener);
});

t.test('what is no program is refused, and the filter stays as it was', async (t) => {
  const { listener, port } = listen(loopback(4));
  setSourceFilter(listener, onlyFrom('127.0.0.2'));
  for (const wrong of [new Uint8Array(0), new Uint8Array(8), new Uint8Array(8 * 5_000)])
    t.throws(() => setSourceFilter(listener, wrong), { code: 'EINVAL' });
  const stranger = await call(port, '127.0.0.1', '127.0.0.1');
  const friend = await call(port, '127.0.0.1', '127.0.0.2');
  t.strictSame(await acceptAll(listener), ['127.0.0.2']);
  for (const each of [stranger, friend]) each.destroy();
  kernel.close(listener);
});
