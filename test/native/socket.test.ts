// Sockets: options, addresses, accepted clients and what is known of them.
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { peerOf, sourceOf } from '../../src/model/record.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  connectTo,
  listenAt,
  loopback,
  openEngine,
  readAll,
  readable,
  recipeOf,
  unixAt,
} from '../support/engine.ts';

const directory = compileHandlers('behave');
const engine = openEngine(t);
const { kernel, ended } = engine;
const isRoot = process.getuid?.() === 0;

type OptionCase = {
  readonly name: string;
  readonly family?: 4 | 6 | 'unix';
  readonly type?: 'stream' | 'dgram';
  readonly value?: number;
  /** What is read back, where it is not the value. */
  readonly reads?: number;
  readonly needsRoot?: true;
};

const options: readonly OptionCase[] = [
  { name: 'SO_REUSEADDR' },
  { name: 'SO_REUSEPORT' },
  { name: 'SO_KEEPALIVE' },
  // the kernel doubles what is asked for: socket(7)
  { name: 'SO_SNDBUF', value: 65_536, reads: 131_072 },
  { name: 'SO_RCVBUF', value: 65_536, reads: 131_072 },
  { name: 'SO_MARK', value: 7, needsRoot: true },
  { name: 'SO_PRIORITY', value: 5 },
  { name: 'SO_DEBUG', needsRoot: true },
  { name: 'SO_PASSCRED', family: 'unix' },
  { name: 'SO_BROADCAST', type: 'dgram' },
  { name: 'SO_PEEK_OFF', type: 'dgram', value: 3 },
  { name: 'TCP_NODELAY' },
  // in seconds, rounded up to what a number of repeated SYN+ACKs takes: tcp(7)
  { name: 'TCP_DEFER_ACCEPT', value: 1 },
  { name: 'TCP_FASTOPEN', value: 16 },
  { name: 'IP_FREEBIND' },
  { name: 'IP_TRANSPARENT', needsRoot: true },
  { name: 'IP_TOS', value: 0x10 },
  { name: 'IP_TTL', value: 9 },
  { name: 'IP_PKTINFO', type: 'dgram' },
  { name: 'IPV6_V6ONLY', family: 6 },
  { name: 'IPV6_FREEBIND', family: 6 },
  { name: 'IPV6_TRANSPARENT', family: 6, needsRoot: true },
  { name: 'IPV6_TCLASS', family: 6, value: 0x20 },
  { name: 'IPV6_UNICAST_HOPS', family: 6, value: 9 },
  { name: 'IPV6_RECVPKTINFO', family: 6, type: 'dgram' },
];

t.test('every option that is set is read back', async (t) => {
  for (const { name, family = 4, type = 'stream', value = 1, reads = value, needsRoot } of options) {
    if (needsRoot && !isRoot) continue;
    const socket = kernel.openSocket(family, type);
    kernel.setOption(socket, name, value);
    t.equal(kernel.getOption(socket, name), reads, name);
    kernel.close(socket);
  }
});

t.test('an option of a device takes its name', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const socket = kernel.openSocket(4, 'stream');
  kernel.setOption(socket, 'SO_BINDTODEVICE', 'lo');
  t.throws(() => kernel.setOption(socket, 'SO_BINDTODEVICE', 'none'), {
    code: 'ENODEV',
    message: 'cannot set SO_BINDTODEVICE to none: no such device',
  });
  kernel.close(socket);
});

t.test('an option that nobody knows is an error', async (t) => {
  const socket = kernel.openSocket(4, 'stream');
  t.throws(() => kernel.setOption(socket, 'SO_NOTHING', 1), { code: 'ENOPROTOOPT' });
  t.throws(() => kernel.getOption(socket, 'SO_NOTHING'), { code: 'ENOPROTOOPT' });
  kernel.close(socket);
});

t.test('an IPv6 socket takes IPv4 clients only where it may', async (t) => {
  const open = (isV6Only: number): Descriptor => {
    const socket = kernel.openSocket(6, 'stream');
    kernel.setOption(socket, 'IPV6_V6ONLY', isV6Only);
    kernel.bindInternet(socket, { ...loopback(6), host: '::' });
    kernel.setBlocking(socket, false);
    kernel.listen(socket, 8);
    return socket;
  };
  const alone = open(1);
  const refused = connect({ host: '127.0.0.1', port: kernel.portOf(alone) });
  const [error] = await once(refused, 'error');
  t.match(error, { code: 'ECONNREFUSED' });
  const dual = open(0);
  const port = kernel.portOf(dual);
  const { client, accepted } = await connectTo(kernel, dual, { host: '127.0.0.1', port });
  t.strictSame(peerOf(accepted.record), { kind: 'internet', host: '127.0.0.1', port: client.localPort });
  const six = await connectTo(kernel, dual, { host: '::1', port });
  t.strictSame(peerOf(six.accepted.record), { kind: 'internet', host: '::1', port: six.client.localPort });
  client.destroy();
  six.client.destroy();
  for (const each of [alone, dual, accepted.descriptor, six.accepted.descriptor]) kernel.close(each);
});

t.test('an address that is taken, foreign or malformed is a sentence', async (t) => {
  const first = listenAt(kernel, loopback(4));
  const port = kernel.portOf(first);
  const second = kernel.openSocket(4, 'stream');
  t.throws(() => kernel.bindInternet(second, { ...loopback(4), port }), {
    code: 'EADDRINUSE',
    message: `cannot bind 127.0.0.1:${port}: address already in use`,
  });
  t.throws(() => kernel.bindInternet(second, { ...loopback(4), host: '192.0.2.1' }), {
    code: 'EADDRNOTAVAIL',
  });
  t.throws(() => kernel.bindInternet(second, { ...loopback(4), host: 'localhost' }), { code: 'EINVAL' });
  const six = kernel.openSocket(6, 'stream');
  t.throws(() => kernel.bindInternet(six, { ...loopback(6), host: 'fe80::1%none' }), {
    code: 'ENODEV',
    message: 'cannot bind [fe80::1%none]:0: no such device',
  });
  for (const each of [first, second, six]) kernel.close(each);
});

t.test('unix sockets of all kinds, by path and by abstract name', async (t) => {
  for (const type of ['stream', 'seqpacket', 'dgram'] as const) {
    for (const path of [join(directory, `by-path-${type}`), `@acceptd-test-${process.pid}-${type}`]) {
      const socket = kernel.openSocket('unix', type);
      t.notOk(kernel.isUnixServed(unixAt(path, type)), `${path} is free`);
      kernel.bindUnix(socket, unixAt(path, type));
      if (type !== 'dgram') kernel.listen(socket, 4);
      t.ok(kernel.isUnixServed(unixAt(path, type)), `${path} is served`);
      // each kind has abstract names of its own, but all share the files
      const isServedAsStream = kernel.isUnixServed(unixAt(path, 'stream'));
      t.equal(isServedAsStream, type === 'stream' || !path.startsWith('@'), `${path} is served for a stream`);
      t.equal(kernel.portOf(socket), 0);
      kernel.close(socket);
      t.notOk(kernel.isUnixServed(unixAt(path, type)), `${path} is dead`);
    }
  }
});

t.test('a unix socket whose queue is full is served', async (t) => {
  const path = join(directory, 'full');
  const listener = kernel.openSocket('unix', 'stream');
  kernel.bindUnix(listener, unixAt(path));
  kernel.listen(listener, 0);
  for (let count = 0; count < 5; count++) t.ok(kernel.isUnixServed(unixAt(path)));
  kernel.close(listener);
});

t.test('a socket file has its mode from the beginning', async (t) => {
  const before = process.umask(0o027);
  for (const mode of [0o600, 0o666, 0o660, 0o777]) {
    const path = join(directory, `mode-${mode}`);
    const socket = kernel.openSocket('unix', 'stream');
    kernel.bindUnix(socket, { ...unixAt(path), mode });
    t.equal(lstatSync(path).mode & 0o777, mode);
    kernel.close(socket);
  }
  t.equal(process.umask(before), 0o027, "acceptd's own umask is untouched");
});

t.test('a path that is too long for a socket is an error', async (t) => {
  const socket = kernel.openSocket('unix', 'stream');
  t.throws(() => kernel.bindUnix(socket, unixAt(`/tmp/${'x'.repeat(103)}`)), { code: 'ENAMETOOLONG' });
  t.throws(() => kernel.bindUnix(socket, unixAt(`@${'x'.repeat(108)}`)), { code: 'ENAMETOOLONG' });
  kernel.bindUnix(socket, unixAt(`@${'x'.repeat(107)}`));
  kernel.close(socket);
  const file = kernel.openSocket('unix', 'stream');
  const longest = join(directory, 'x'.repeat(106 - directory.length));
  kernel.bindUnix(file, unixAt(longest));
  t.ok(lstatSync(longest).isSocket());
  kernel.close(file);
});

t.test('a batch is no larger than asked for, and empty when nobody waits', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const port = kernel.portOf(listener);
  t.strictSame(kernel.accept(listener, 64), []);
  const clients = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port }));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const sizes = [5, 0, 1000].map((limit) => kernel.accept(listener, limit));
  t.strictSame(
    sizes.map(({ length }) => length),
    [5, 0, 64],
  );
  const rest = kernel.accept(listener, 64);
  t.equal(rest.length, 31);
  const accepted = [...sizes.flat(), ...rest];
  const ports = accepted.map(({ record }) => {
    const peer = peerOf(record);
    return peer.kind === 'internet' ? peer.port : 0;
  });
  t.strictSame(
    [...ports].sort(),
    clients.map(({ localPort }) => localPort ?? 0).sort(),
    'each record tells its own client, also after later batches',
  );
  for (const { descriptor } of accepted) kernel.close(descriptor);
  for (const client of clients) client.destroy();
  kernel.close(listener);
});

t.test('a source is an address as far as its prefix says, or a user', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const { client, accepted } = await connectTo(kernel, listener, {
    host: '127.0.0.1',
    port: kernel.portOf(listener),
  });
  const source = (v4: number): number | string => sourceOf(accepted.record, { v4, v6: 64 });
  t.strictSame([source(32), source(24), source(8), source(0)], [0x7f000001, 0x7f000000, 0x7f000000, 0]);
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
  const six = listenAt(kernel, loopback(6));
  const other = await connectTo(kernel, six, { host: '::1', port: kernel.portOf(six) });
  const sixSource = (v6: number): number | string => sourceOf(other.accepted.record, { v4: 32, v6 });
  t.equal(sixSource(64), '0:0:');
  t.equal(sixSource(128), '0:0:0:1:');
  t.equal(sixSource(127), '0:0:0:0:');
  other.client.destroy();
  kernel.close(other.accepted.descriptor);
  kernel.close(six);
});

t.test('a unix peer is known by its pid and user', async (t) => {
  const path = join(directory, 'peer');
  const listener = listenAt(kernel, unixAt(path));
  const { client, accepted } = await connectTo(kernel, listener, { path });
  t.strictSame(peerOf(accepted.record), {
    kind: 'unix',
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  t.equal(sourceOf(accepted.record, { v4: 32, v6: 64 }), `u${process.getuid?.()}`);
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});

t.test('accepted sockets are blocking, whatever the listener is', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const { client, accepted } = await connectTo(kernel, listener, {
    host: '127.0.0.1',
    port: kernel.portOf(listener),
  });
  const flagsOf = (descriptor: Descriptor): number =>
    Number.parseInt(
      /flags:\t(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? '',
      8,
    );
  t.strictSame([flagsOf(listener) & 0o4000, flagsOf(accepted.descriptor) & 0o4000], [0o4000, 0]);
  t.equal(flagsOf(accepted.descriptor) & 0o2000000, 0o2000000, 'and closed on exec');
  kernel.setBlocking(listener, true);
  t.equal(flagsOf(listener) & 0o4000, 0);
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});

t.test('a client that reset its connection before it was accepted harms nobody', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const port = kernel.portOf(listener);
  const hasty = connect({ host: '127.0.0.1', port });
  await once(hasty, 'connect');
  hasty.resetAndDestroy();
  await once(hasty, 'close');
  const { client, accepted } = await connectTo(kernel, listener, { host: '127.0.0.1', port });
  // Linux hands out the dead one too
  t.equal(kernel.read(accepted.descriptor, Buffer.alloc(8), 'take'), -1);
  const recipe = recipeOf(kernel, join(directory, 'behave'), { arguments: ['behave', 'write', 'text'] });
  const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
  t.equal((await ended(pid)).failure, undefined);
  const [second] = kernel.accept(listener, 1);
  if (second === undefined) throw new Error('the patient client is not there');
  const output = readAll(client);
  kernel.spawn(recipe, second.descriptor, second.record, 'give');
  t.equal(await output, 'text');
  kernel.close(listener);
});

t.test('a shortage of descriptors is told once nobody could be accepted', async (t) => {
  // a descriptor that is among the first few is never moved
  const hoard = Array.from({ length: 64 }, () => kernel.openNull());
  const listener = listenAt(kernel, loopback(4));
  const port = kernel.portOf(listener);
  const clients = [1, 2, 3].map(() => connect({ host: '127.0.0.1', port }));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  const fill = (): void => {
    try {
      for (;;) hoard.push(kernel.openNull());
    } catch {
      // full
    }
  };
  fill();
  const spare = hoard.pop();
  if (spare === undefined) throw new Error('nothing was hoarded');
  kernel.close(spare);
  t.equal(kernel.accept(listener, 8).length, 1, 'as many as there are descriptors for');
  t.throws(() => kernel.accept(listener, 8), {
    code: 'EMFILE',
    message: 'cannot accept a connection: too many open files',
  });
  t.throws(() => kernel.openSocket(4, 'stream'), { code: 'EMFILE' });
  t.throws(() => kernel.raise(listener), { code: 'EMFILE' });
  t.equal(kernel.portOf(listener), port, 'what could not be raised is still open');
  // a handler can be started all the same
  const given = hoard.pop() ?? listener;
  const end = await ended(
    kernel.spawn(recipeOf(kernel, join(directory, 'behave')), given, undefined, 'give'),
  );
  t.equal(end.status, 0);
  for (const each of hoard) kernel.close(each);
  t.equal(kernel.accept(listener, 8).length, 2);
  for (const client of clients) client.destroy();
  kernel.close(listener);
});

t.test('who waits at a listener is known one by one', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'acceptd-socket-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  const path = join(place, 'socket');
  const shown = (listener: Descriptor): readonly bigint[] => [...(kernel.waitingClients(listener) ?? [])];
  for (const [what, listener] of [
    ['IPv4', listenAt(kernel, loopback(4))],
    ['both families', listenAt(kernel, { ...loopback(6), host: '::', takesMapped: true })],
    ['unix', listenAt(kernel, unixAt(path))],
  ] as const) {
    const to = what === 'unix' ? { path } : { host: '127.0.0.1', port: kernel.portOf(listener) };
    t.strictSame(shown(listener), [], what);
    const clients = [];
    for (let count = 0; count < 3; count++) {
      const client = connect(to);
      await once(client, 'connect');
      clients.push(client);
    }
    await readable(kernel, listener);
    const before = shown(listener);
    t.equal(new Set(before).size, 3, 'nobody is like another');
    const [accepted] = kernel.accept(listener, 1);
    const left = shown(listener);
    t.equal(left.length, 2);
    t.ok(left.every((client) => before.includes(client) && client !== 0n));
    for (const client of clients) client.destroy();
    // one who is reset is not found any more, or as nobody; one who has said all still waits
    if (what === 'unix') {
      await Promise.all(clients.map((client) => once(client, 'close')));
      t.strictSame(shown(listener), [0n, 0n]);
    }
    if (accepted === undefined) throw new Error('nobody was accepted');
    t.equal(kernel.waitingClients(accepted.descriptor), undefined, 'a connection has no queue');
    kernel.close(accepted.descriptor);
    kernel.close(listener);
  }
});

t.test('the queue of a listener is as long as clients wait', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const port = kernel.portOf(listener);
  t.equal(kernel.queueLength(listener), 0);
  const clients = [1, 2, 3].map(() => connect({ host: '127.0.0.1', port }));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await readable(kernel, listener);
  t.equal(kernel.queueLength(listener), 3);
  for (const { descriptor } of kernel.accept(listener, 64)) kernel.close(descriptor);
  t.equal(kernel.queueLength(listener), 0);
  for (const client of clients) client.destroy();
  kernel.close(listener);
});
