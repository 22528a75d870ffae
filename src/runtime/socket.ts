// Opening the socket of an address, with everything that its configuration says of it.
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { addressKey, type InternetAddress, type ListenAddress, type UnixAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ResolvedService, SocketSettings } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';

export const defaultBacklog = 4096;

type SocketOption = readonly [name: string, value: number | string];

const both = (
  address: InternetAddress,
  v4: string,
  v6: string,
  value: number | undefined,
): readonly SocketOption[] => (value === undefined ? [] : [[address.version === 4 ? v4 : v6, value]]);

const one = (name: string, value: number | string | undefined): readonly SocketOption[] =>
  value === undefined ? [] : [[name, value]];

const flag = (name: string, isOn: boolean): readonly SocketOption[] => (isOn ? [[name, 1]] : []);

/** Also switched off: a reload may have taken it away. */
const toggle = (name: string, isOn: boolean): SocketOption => [name, isOn ? 1 : 0];

/** What can be set anew on a listener that stays open across a reload; TCP hands most of it on to its connections. */
const tunableOptions = (address: ListenAddress, settings: SocketSettings): readonly SocketOption[] => {
  const common = [...one('SO_SNDBUF', settings.sendBuffer), ...one('SO_RCVBUF', settings.receiveBuffer)];
  if (address.kind !== 'internet') return common;
  const isStream = address.socketType === 'stream';
  return [
    ...common,
    toggle('SO_KEEPALIVE', settings.keepAlive),
    toggle('SO_DEBUG', settings.debug),
    ...one('SO_MARK', settings.mark),
    ...one('SO_PRIORITY', settings.priority),
    ...both(address, 'IP_TOS', 'IPV6_TCLASS', settings.typeOfService),
    ...both(address, 'IP_TTL', 'IPV6_UNICAST_HOPS', settings.timeToLive),
    ...(isStream
      ? [
          toggle('TCP_NODELAY', settings.noDelay),
          ...one('TCP_DEFER_ACCEPT', settings.deferAccept),
          ...one('TCP_FASTOPEN', settings.fastOpen),
        ]
      : []),
  ];
};

/** What must be set before the bind. */
const bindOptions = (address: ListenAddress, settings: SocketSettings): readonly SocketOption[] => {
  if (address.kind !== 'internet') return [];
  return [
    // for UDP it would let anybody take the port's datagrams (socket(7)); for TCP it only skips TIME_WAIT
    ...flag('SO_REUSEADDR', address.socketType === 'stream'),
    ...(address.version === 6 ? [['IPV6_V6ONLY', address.takesMapped ? 0 : 1] as const] : []),
    ...(address.socketType === 'dgram' ? both(address, 'IP_PKTINFO', 'IPV6_RECVPKTINFO', 1) : []),
    ...both(address, 'IP_FREEBIND', 'IPV6_FREEBIND', settings.freeBind ? 1 : undefined),
    ...both(address, 'IP_TRANSPARENT', 'IPV6_TRANSPARENT', settings.transparent ? 1 : undefined),
    ...one('SO_BINDTODEVICE', settings.bindDevice),
  ];
};

const setOptions = (kernel: Kernel, descriptor: Descriptor, options: readonly SocketOption[]): void => {
  for (const [name, value] of options) kernel.setOption(descriptor, name, value);
};

/** An abstract name is no file and leaves nothing behind. */
const isFile = (address: ListenAddress): address is UnixAddress =>
  address.kind === 'unix' && !address.path.startsWith('@');

/**
 * A socket that nobody serves any more may be removed; a live server's, or anything that is not a socket, never.
 */
const clearPath = (kernel: Kernel, address: UnixAddress): void => {
  if (!isFile(address)) return;
  const found = lstatSync(address.path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const what = `bind ${address.path}`;
  if (!found.isSocket()) throw new SystemError(what, 'EEXIST', 'something that is not a socket is there');
  if (kernel.isUnixServed(address)) throw new SystemError(what, 'EADDRINUSE', 'another server listens there');
  unlinkSync(address.path);
};

const setOwner = ({ path, ownerId, groupId }: UnixAddress): void => {
  if (ownerId !== undefined || groupId !== undefined) chownSync(path, ownerId ?? -1, groupId ?? -1);
};

const bindUnix = (kernel: Kernel, descriptor: Descriptor, address: UnixAddress): void => {
  clearPath(kernel, address);
  kernel.bindUnix(descriptor, address);
  if (!isFile(address)) return;
  try {
    setOwner(address);
  } catch (error) {
    unlinkSync(address.path);
    throw error;
  }
};

/** Node's own errors of the file system, in the form of ours. */
const asSystemError = (error: unknown, what: string): unknown =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? new SystemError(what, error.code, error.message)
    : error;

/**
 * Lets a fresh socket have the port of others of ours: listen(2) checks again what bind(2) did. The fresh one then closes
 * the port to everybody, even of our own user; the others stay ready to share, because they are about to be closed or,
 * connected to a sender, stand in the way of the next fresh one.
 */
const shareWhile = (
  kernel: Kernel,
  address: ListenAddress,
  fresh: Descriptor,
  others: readonly Descriptor[],
  activate: () => void,
): void => {
  if (others.length === 0) {
    activate();
    return;
  }
  const option = address.socketType === 'dgram' ? 'SO_REUSEADDR' : 'SO_REUSEPORT';
  const share = (sockets: readonly Descriptor[], value: 0 | 1): void => {
    for (const each of sockets) kernel.setOption(each, option, value);
  };
  share([fresh, ...others], 1);
  try {
    activate();
  } catch (error) {
    share(others, 0);
    throw error;
  }
  share([fresh], 0);
};

/**
 * A bound and listening socket at a high number: non-blocking where acceptd accepts from it, blocking where a handler
 * gets it. `overlapping` are our own sockets of the same port that this one takes the place of: they stay open
 * meanwhile, so that the port is never without a listener. `guard` is called before anybody can come. Throws SystemError.
 */
export const openListener = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  overlapping: readonly Descriptor[],
  guard: (fresh: Descriptor) => void = () => undefined,
): Descriptor => {
  const others = address.kind === 'internet' ? withoutV6(address) : undefined;
  if (others === undefined) return openOne(kernel, service, address, overlapping, guard);
  try {
    return openOne(kernel, service, address, overlapping, guard);
  } catch (error) {
    const isMissing = error instanceof SystemError && missingFamily.includes(error.code);
    if (!isMissing) throw error;
    return openOne(kernel, service, others, overlapping, guard);
  }
};

const missingFamily: readonly string[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'];

/** What a socket for both families listens on where the machine has no IPv6. */
const withoutV6 = (address: InternetAddress): InternetAddress | undefined =>
  address.takesMapped && address.host === '::'
    ? { ...address, version: 4, host: '0.0.0.0', takesMapped: false }
    : undefined;

const openOne = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  overlapping: readonly Descriptor[],
  guard: (fresh: Descriptor) => void,
): Descriptor => {
  const settings = service.socket;
  if (address.kind === 'fifo' || address.kind === 'vsock') {
    throw new SystemError(`open ${addressKey(address)}`, 'ENOTSUP', 'not supported');
  }
  const low = kernel.openSocket(address.kind === 'unix' ? 'unix' : address.version, address.socketType);
  try {
    setOptions(kernel, low, bindOptions(address, settings));
    setOptions(kernel, low, tunableOptions(address, settings));
    guard(low);
    const activate = (): void => {
      if (address.kind === 'unix') bindUnix(kernel, low, address);
      else kernel.bindInternet(low, address);
      if (address.socketType !== 'dgram') kernel.listen(low, settings.backlog ?? defaultBacklog);
    };
    shareWhile(kernel, address, low, overlapping, activate);
    kernel.setBlocking(low, service.mode === 'whole-socket');
    return kernel.raise(low);
  } catch (error) {
    kernel.close(low);
    throw asSystemError(error, `open ${addressKey(address)}`);
  }
};

/** Sets the length of the queue; wakes a listener up again that its server has shut down. */
export const listenAgain = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  descriptor: Descriptor,
): void => {
  if (address.socketType !== 'dgram') kernel.listen(descriptor, service.socket.backlog ?? defaultBacklog);
};

/** Brings a listener that stays open in line with a changed configuration. Throws SystemError. */
export const retuneListener = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  descriptor: Descriptor,
  inode: number | undefined,
): void => {
  try {
    setOptions(kernel, descriptor, tunableOptions(address, service.socket));
    listenAgain(kernel, service, address, descriptor);
    if (!isFile(address) || socketFileInode(address) !== inode) return;
    chmodSync(address.path, address.mode);
    setOwner(address);
  } catch (error) {
    throw asSystemError(error, `change ${addressKey(address)}`);
  }
};

/** Removes a unix socket's file, unless somebody has put another in its place meanwhile. Throws SystemError. */
export const removeSocketFile = (address: ListenAddress, inode: number | undefined): void => {
  if (!isFile(address)) return;
  try {
    const found = lstatSync(address.path, { throwIfNoEntry: false });
    if (found?.isSocket() && found.ino === inode) unlinkSync(address.path);
  } catch (error) {
    throw asSystemError(error, `remove ${address.path}`);
  }
};

/** Identifies the file that a bind made. */
export const socketFileInode = (address: ListenAddress): number | undefined =>
  isFile(address) ? lstatSync(address.path, { throwIfNoEntry: false })?.ino : undefined;
