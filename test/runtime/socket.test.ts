// Listeners of all kinds: every option is what the kernel says afterwards, and what it denies is told and no failure.
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { FifoAddress, ListenAddress, VsockAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { bytes } from '../../src/model/quantity.ts';
import { plainSocket, type SocketSettings } from '../../src/model/socket-settings.ts';
import type { SystemError } from '../../src/native/addon.ts';
import { inspectSocket } from '../../src/native/inspect.ts';
import { optionText, pipeSizeOf } from '../../src/native/place.ts';
import { openListener, retuneListener } from '../../src/runtime/socket.ts';
import { acceptedOptions, tryOptions } from '../../src/runtime/socket-options.ts';
import { removeSocketFile, removeSymlinks, socketFileInode } from '../../src/runtime/socket-place.ts';
import { isRoot } from '../support/command.ts';
import { connectTo, openEngine, unixAt } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { resolved, tcp } from '../support/services.ts';

const { kernel } = openEngine(t);
const needsRoot = { skip: isRoot ? false : 'needs root' };

const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(directory, `s${count++}`);

const withSettings = (settings: Partial<SocketSettings>) => ({ socket: { ...plainSocket, ...settings } });

/** Opens, and gives what was denied. */
const open = (
  address: ListenAddress,
  settings: Partial<SocketSettings> = {},
  rest: Parameters<typeof resolved>[2] = {},
): { readonly descriptor: Descriptor; readonly denied: readonly SystemError[] } => {
  const denied: SystemError[] = [];
  const service = resolved('test', [address], { ...withSettings(settings), ...rest });
  const descriptor = openListener(kernel, service, address, {
    overlapping: [],
    guard: () => undefined,
    onDenied: (error) => denied.push(error),
  });
  return { descriptor, denied };
};

const datagrams = { socketType: 'dgram' } as const;
const fifoAt = (path: string, rest: Partial<FifoAddress> = {}): FifoAddress => ({
  kind: 'fifo',
  socketType: 'fifo',
  path,
  ownerId: undefined,
  groupId: undefined,
  mode: 0o600,
  ...rest,
});

type OptionCase = {
  readonly settings: Partial<SocketSettings>;
  readonly options: Readonly<Record<string, number | string>>;
  readonly of?: 'tcp6' | 'dual' | 'udp' | 'udp6' | 'unix';
  readonly needsRoot?: true;
};

const cases: readonly OptionCase[] = [
  { settings: {}, options: { SO_REUSEADDR: 1, SO_KEEPALIVE: 0, TCP_NODELAY: 0 } },
  { settings: {}, options: { SO_REUSEADDR: 0, IP_PKTINFO: 1, SO_BROADCAST: 0 }, of: 'udp' },
  { settings: {}, options: { IPV6_V6ONLY: 1 }, of: 'tcp6' },
  { settings: {}, options: { IPV6_V6ONLY: 0 }, of: 'dual' },
  {
    settings: { keepAlive: true, keepAliveTime: 71, keepAliveInterval: 13, keepAliveProbes: 4 },
    options: { SO_KEEPALIVE: 1, TCP_KEEPIDLE: 71, TCP_KEEPINTVL: 13, TCP_KEEPCNT: 4 },
  },
  { settings: { noDelay: true }, options: { TCP_NODELAY: 1 } },
  { settings: { deferAccept: 1 }, options: { TCP_DEFER_ACCEPT: 1 } },
  { settings: { fastOpen: 5 }, options: { TCP_FASTOPEN: 5 } },
  { settings: { congestion: 'reno' }, options: { TCP_CONGESTION: 'reno' } },
  // the kernel doubles what is asked for: socket(7)
  {
    settings: { sendBuffer: bytes(40_000), receiveBuffer: bytes(50_000) },
    options: { SO_SNDBUF: 80_000, SO_RCVBUF: 100_000 },
  },
  {
    settings: { sendBuffer: bytes(40_000_000), receiveBuffer: bytes(50_000_000), forcesBuffers: true },
    options: { SO_SNDBUF: 80_000_000, SO_RCVBUF: 100_000_000 },
    needsRoot: true,
  },
  { settings: { sendBuffer: bytes(40_000) }, options: { SO_SNDBUF: 80_000 }, of: 'unix' },
  { settings: { passesCredentials: true }, options: { SO_PASSCRED: 1 }, of: 'unix' },
  { settings: {}, options: { SO_PASSCRED: 0 }, of: 'unix' },
  { settings: { broadcast: true }, options: { SO_BROADCAST: 1 }, of: 'udp' },
  { settings: { passesPacketInfo: true }, options: { IPV6_RECVPKTINFO: 1 }, of: 'udp6' },
  { settings: { reusePort: true }, options: { SO_REUSEPORT: 1 } },
  { settings: { reusePort: true }, options: { SO_REUSEPORT: 1 }, of: 'udp' },
  { settings: { priority: 5 }, options: { SO_PRIORITY: 5 } },
  { settings: { typeOfService: 0x10, timeToLive: 9 }, options: { IP_TOS: 0x10, IP_TTL: 9 } },
  {
    settings: { typeOfService: 0x10, timeToLive: 9 },
    options: { IPV6_TCLASS: 0x10, IPV6_UNICAST_HOPS: 9 },
    of: 'tcp6',
  },
  {
    settings: { typeOfService: 0x10, timeToLive: 9 },
    options: { IPV6_TCLASS: 0x10, IPV6_UNICAST_HOPS: 9, IP_TOS: 0x10, IP_TTL: 9 },
    of: 'dual',
  },
  { settings: { freeBind: true }, options: { IP_FREEBIND: 1 } },
  { settings: { freeBind: true }, options: { IPV6_FREEBIND: 1 }, of: 'tcp6' },
  { settings: { mark: 7 }, options: { SO_MARK: 7 }, needsRoot: true },
  { settings: { transparent: true }, options: { IP_TRANSPARENT: 1 }, needsRoot: true },
  { settings: { debug: true }, options: { SO_DEBUG: 1 }, needsRoot: true },
];

const addressOf = async (of: OptionCase['of']): Promise<ListenAddress> => {
  switch (of) {
    case undefined:
      return tcp('127.0.0.1', await freePort());
    case 'tcp6':
      return tcp('::1', await freePort());
    case 'dual':
      return tcp('::', await freePort(), { takesMapped: true });
    case 'udp':
      return tcp('127.0.0.1', await freePort(), datagrams);
    case 'udp6':
      return tcp('::1', await freePort(), datagrams);
    case 'unix':
      return unixAt(freshPath());
  }
};

t.test('every setting of a listener is what the kernel says of it', async (t) => {
  for (const { settings, options, of, needsRoot } of cases) {
    if (needsRoot && !isRoot) continue;
    const { descriptor, denied } = open(await addressOf(of), settings);
    t.strictSame(denied, [], JSON.stringify(settings));
    for (const [name, value] of Object.entries(options)) {
      const found =
        typeof value === 'string' ? optionText(descriptor, name) : kernel.getOption(descriptor, name);
      t.equal(found, value, `${of ?? 'tcp'} ${name}`);
    }
    kernel.close(descriptor);
  }
});

t.test('what is accepted has the settings too, inherited or set', async (t) => {
  const settings = { keepAlive: true, keepAliveTime: 71, noDelay: true, congestion: 'reno', timeToLive: 9 };
  const port = await freePort();
  const { descriptor } = open(tcp('127.0.0.1', port), { ...settings, sendBuffer: bytes(40_000) });
  const { client, accepted } = await connectTo(kernel, descriptor, { host: '127.0.0.1', port });
  const expected = { SO_KEEPALIVE: 1, TCP_KEEPIDLE: 71, TCP_NODELAY: 1, IP_TTL: 9, SO_SNDBUF: 80_000 };
  for (const [name, value] of Object.entries(expected))
    t.equal(kernel.getOption(accepted.descriptor, name), value, name);
  t.equal(optionText(accepted.descriptor, 'TCP_CONGESTION'), 'reno');
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(descriptor);

  // those of unix sockets are the listener's alone
  const address = unixAt(freshPath());
  const wanted = { sendBuffer: bytes(40_000), passesCredentials: true };
  const unix = open(address, wanted);
  const pair = await connectTo(kernel, unix.descriptor, { path: address.path });
  t.not(kernel.getOption(pair.accepted.descriptor, 'SO_SNDBUF'), 80_000);
  const options = acceptedOptions(resolved('test', [address], withSettings(wanted)), address);
  tryOptions(kernel, pair.accepted.descriptor, options, (error) => t.fail(error.message));
  t.equal(kernel.getOption(pair.accepted.descriptor, 'SO_SNDBUF'), 80_000);
  t.equal(kernel.getOption(pair.accepted.descriptor, 'SO_PASSCRED'), 1);
  pair.client.destroy();
  kernel.close(pair.accepted.descriptor);
  kernel.close(unix.descriptor);
});

t.test('an option that the kernel denies is told, and the listener serves all the same', async (t) => {
  const port = await freePort();
  const { descriptor, denied } = open(tcp('127.0.0.1', port), { congestion: 'none-such', priority: 3 });
  t.strictSame(
    denied.map(({ code }) => code),
    ['ENOENT'],
  );
  t.match(denied[0]?.message, /TCP_CONGESTION/);
  t.equal(kernel.getOption(descriptor, 'SO_PRIORITY'), 3);
  const { client, accepted } = await connectTo(kernel, descriptor, { host: '127.0.0.1', port });
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(descriptor);
});

t.test(
  'a device that is not there is a failure: the service would be reachable at others',
  needsRoot,
  async (t) => {
    const port = await freePort();
    t.throws(() => open(tcp('127.0.0.1', port), { bindDevice: 'none0' }), { code: 'ENODEV' });
  },
);

t.test('an address has settings of its own', async (t) => {
  const own = { descriptorName: undefined, socket: { ...plainSocket, priority: 4, backlog: 7 } };
  const { descriptor } = open(tcp('127.0.0.1', await freePort(), { own }), { priority: 2 });
  t.equal(kernel.getOption(descriptor, 'SO_PRIORITY'), 4);
  kernel.close(descriptor);
});

t.test('a setting that a reload takes away is as the kernel has it of its own accord', async (t) => {
  const address = tcp('127.0.0.1', await freePort());
  const before = {
    keepAliveTime: 71,
    congestion: 'reno',
    priority: 5,
    timeToLive: 9,
    noDelay: true,
  };
  const { descriptor } = open(address, before);
  const fresh = kernel.openSocket(4, 'stream');
  const denied: SystemError[] = [];
  const service = resolved('test', [address], withSettings({ priority: 6 }));
  const listener = { descriptor, inode: undefined };
  retuneListener(kernel, service, address, listener, { ...plainSocket, ...before }, (error) =>
    denied.push(error),
  );
  t.strictSame(denied, []);
  for (const name of ['TCP_KEEPIDLE', 'IP_TTL', 'TCP_NODELAY'])
    t.equal(kernel.getOption(descriptor, name), kernel.getOption(fresh, name), name);
  t.equal(optionText(descriptor, 'TCP_CONGESTION'), optionText(fresh, 'TCP_CONGESTION'));
  t.equal(kernel.getOption(descriptor, 'SO_PRIORITY'), 6);
  kernel.close(fresh);
  kernel.close(descriptor);
});

t.test('MPTCP is TCP where one of both sides has none', async (t) => {
  const port = await freePort();
  const { descriptor, denied } = open(tcp('127.0.0.1', port), { protocol: 'mptcp', noDelay: true });
  t.strictSame(denied, []);
  const hasMptcp = /^1/.test(readMptcp());
  t.equal(kernel.getOption(descriptor, 'SO_PROTOCOL'), hasMptcp ? 262 : 6);
  const { client, accepted } = await connectTo(kernel, descriptor, { host: '127.0.0.1', port });
  t.equal(kernel.getOption(accepted.descriptor, 'TCP_NODELAY'), 1);
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(descriptor);
});

const readMptcp = (): string =>
  existsSync('/proc/sys/net/mptcp/enabled') ? readFileSync('/proc/sys/net/mptcp/enabled', 'utf8') : '0';

const vsock = (socketType: VsockAddress['socketType'], port: number): VsockAddress => ({
  kind: 'vsock',
  socketType,
  cid: undefined,
  port,
});

const hasVsock = (() => {
  try {
    kernel.close(kernel.openSocket('vsock', 'stream'));
    return true;
  } catch {
    return false;
  }
})();

t.test('a socket of virtual machines', { skip: hasVsock ? false : 'no vsock here' }, async (t) => {
  const { descriptor } = open(vsock('stream', 4_000_000_000));
  t.match(inspectSocket(descriptor), {
    family: 'vsock',
    socketType: 'stream',
    isListening: true,
    port: 4_000_000_000,
    place: '',
  });
  t.throws(() => open(vsock('stream', 4_000_000_000)), { code: 'EADDRINUSE' });
  kernel.close(descriptor);
});

/** An address of this machine with its interface. */
const linkLocal = readFileSync('/proc/net/if_inet6', 'utf8')
  .split('\n')
  .map((line) => line.split(/\s+/))
  .filter(([address]) => address?.startsWith('fe80'))
  .map(([address = '', , , , , name = '']) => `${address.replace(/(.{4})(?!$)/g, '$1:')}%${name}`)[0];
const withoutLink = { skip: linkLocal === undefined ? 'no interface has a link-local address' : false };

t.test('a link-local address has its interface', withoutLink, async (t) => {
  const { descriptor } = open(tcp(linkLocal ?? '', await freePort()));
  const found = inspectSocket(descriptor);
  const place = typeof found === 'string' ? found : found.place;
  t.equal(place.replace(/^.*%/, ''), linkLocal?.replace(/^.*%/, ''));
  t.match(place, /^fe80:/);
  kernel.close(descriptor);
});

t.test('an interface that is not there is a failure', async (t) => {
  t.throws(() => open(tcp('fe80::1%none0', 1)), { name: 'SystemError' });
});

const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

t.test('a unix socket has its mode whatever the umask, and its directories are made', async (t) => {
  const before = process.umask(0o077);
  const place = join(freshPath(), 'deep', 'er');
  const address = { ...unixAt(join(place, 'socket')), mode: 0o666 };
  const { descriptor } = open(address, { directoryMode: 0o755 });
  process.umask(before);
  t.equal(modeOf(address.path), 0o666);
  t.equal(modeOf(place), 0o700, 'as umask(2) leaves it');
  kernel.close(descriptor);
});

t.test('a unix socket belongs to its owner', needsRoot, async (t) => {
  const address = { ...unixAt(freshPath()), ownerId: 65_534, groupId: 65_533, mode: 0o620 };
  const { descriptor } = open(address);
  const { uid, gid } = lstatSync(address.path);
  t.strictSame([uid, gid, modeOf(address.path)], [65_534, 65_533, 0o620]);
  kernel.close(descriptor);
});

t.test('where the owner cannot be set there is no socket', { skip: isRoot && 'root can' }, async (t) => {
  const address = { ...unixAt(freshPath()), ownerId: 0 };
  t.throws(() => open(address), { code: 'EPERM' });
  t.notOk(existsSync(address.path));
});

t.test('nobody reaches a unix socket before it has its owner and mode', async (t) => {
  const address = { ...unixAt(freshPath()), mode: 0o666 };
  let mode: number | undefined;
  const service = resolved('test', [address]);
  const seen = {
    ...kernel,
    bindUnix: (descriptor: Descriptor, at: typeof address) => {
      kernel.bindUnix(descriptor, at);
      mode = modeOf(at.path);
    },
  };
  const descriptor = openListener(seen, service, address, {
    overlapping: [],
    guard: () => undefined,
    onDenied: () => undefined,
  });
  t.equal(mode, 0);
  t.equal(modeOf(address.path), 0o666);
  kernel.close(descriptor);
});

t.test('further names of a path: made, removed, and no failure where one cannot be', async (t) => {
  const address = unixAt(freshPath());
  const [link, taken] = [join(freshPath(), 'link'), freshPath()];
  writeFileSync(taken, 'content');
  const { descriptor, denied } = open(address, { symlinks: [link, taken] });
  t.strictSame(
    denied.map(({ code }) => code),
    ['EEXIST'],
  );
  t.equal(readlinkSync(link), address.path);
  t.equal(readFileSync(taken, 'utf8'), 'content');
  const client = connect(link);
  await once(client, 'connect');
  client.destroy();
  kernel.close(descriptor);
  // another start finds its own link
  removeSocketFile(address, socketFileInode(address));
  const again = open(address, { symlinks: [link] });
  t.strictSame(again.denied, []);
  removeSymlinks(address, [link, taken]);
  t.notOk(existsSync(link));
  t.ok(existsSync(taken));
  kernel.close(again.descriptor);
});

t.test('a FIFO has its mode and size, and what is written waits for whoever gets it', async (t) => {
  const address = fifoAt(freshPath(), { mode: 0o622 });
  const { descriptor, denied } = open(address, { pipeSize: bytes(1 << 17) }, { mode: 'whole-socket' });
  t.strictSame(denied, []);
  t.ok(lstatSync(address.path).isFIFO());
  t.equal(modeOf(address.path), 0o622);
  t.equal(pipeSizeOf(descriptor), 1 << 17);
  t.equal(kernel.queueLength(descriptor), 0);
  writeFileSync(address.path, 'hello');
  t.equal(kernel.queueLength(descriptor), 5);
  kernel.close(descriptor);

  const again = open(address);
  t.equal(kernel.queueLength(again.descriptor), 0, 'it ended with the last who had it');
  kernel.close(again.descriptor);
  removeSocketFile(address, socketFileInode(address));
  t.notOk(existsSync(address.path));
});

t.test('a size that no pipe can have is told', async (t) => {
  const { descriptor, denied } = open(fifoAt(freshPath()), { pipeSize: bytes(2 ** 31 - 1) });
  t.equal(denied.length, 1);
  kernel.close(descriptor);
});

t.test('a FIFO of another mode, a link to one, or something else is not taken', async (t) => {
  const address = fifoAt(freshPath());
  kernel.close(open(address).descriptor);
  chmodSync(address.path, 0o640);
  t.throws(() => open(address), { code: 'EEXIST' });
  chmodSync(address.path, 0o600);
  const link = freshPath();
  symlinkSync(address.path, link);
  t.throws(() => open(fifoAt(link)), { code: 'EEXIST' });
  const file = freshPath();
  writeFileSync(file, 'content', { mode: 0o600 });
  t.throws(() => open(fifoAt(file)), { code: 'EEXIST' });
  const folder = freshPath();
  mkdirSync(folder, { mode: 0o600 });
  t.throws(() => open(fifoAt(folder)), { code: 'EEXIST' });
  t.equal(readFileSync(file, 'utf8'), 'content');
});

t.test('a FIFO belongs to its owner, and is taken again by the next start', needsRoot, async (t) => {
  const address = fifoAt(freshPath(), { ownerId: 65_534, groupId: 65_533, mode: 0o640 });
  kernel.close(open(address).descriptor);
  const { uid, gid } = lstatSync(address.path);
  t.strictSame([uid, gid, modeOf(address.path)], [65_534, 65_533, 0o640]);
  kernel.close(open(address).descriptor);
  t.throws(() => open({ ...address, ownerId: undefined }), { code: 'EEXIST' });
});

t.test('a hard link that is no socket of ours is nobody to remove', async (t) => {
  const address = unixAt(freshPath());
  const { descriptor } = open(address);
  const inode = socketFileInode(address);
  const other = freshPath();
  linkSync(address.path, other);
  rmSync(address.path);
  writeFileSync(address.path, 'content');
  removeSocketFile(address, inode);
  t.equal(readFileSync(address.path, 'utf8'), 'content');
  kernel.close(descriptor);
});
