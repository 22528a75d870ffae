// Opening the socket of an address, with everything that its configuration says of it.
import { addressKey, type InternetAddress, isAccepting, type ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ResolvedService, SocketSettings } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';
import { bindVsock, dressFifo, dressSocketFile, openFifo } from '../native/place.ts';
import { dropSpare } from './socket-file.ts';
import {
  bindOptions,
  defaultsOf,
  earlyOptions,
  type OnDenied,
  setOptions,
  settingsOf,
  tryOptions,
  tunableOptions,
  tuneFifo,
} from './socket-options.ts';
import {
  asSystemError,
  dressPlace,
  isFile,
  makeSymlinks,
  preparePlace,
  socketFileInode,
} from './socket-place.ts';

export const defaultBacklog = 4096;

/** By numbers of protocols: netinet/in.h. */
const protocols = { mptcp: 262, sctp: 132, udplite: 136 } as const;

/** Protocols of streams, or of datagrams. */
const protocolOf = (address: ListenAddress, { protocol }: SocketSettings): number => {
  if (address.kind !== 'internet' || protocol === undefined) return 0;
  return (protocol === 'udplite') === (address.socketType === 'dgram') ? protocols[protocol] : 0;
};

/** What kernels without MPTCP, or with it switched off, say. */
const withoutMptcp: readonly string[] = ['EPROTONOSUPPORT', 'ENOPROTOOPT', 'EINVAL'];

/** MPTCP is TCP on the wire where the other side has none of it, so it is here where the kernel has none. */
const openSocket = (
  kernel: Kernel,
  address: Exclude<ListenAddress, { readonly kind: 'fifo' }>,
  settings: SocketSettings,
): Descriptor => {
  const family = address.kind === 'internet' ? address.version : address.kind;
  const protocol = protocolOf(address, settings);
  try {
    return kernel.openSocket(family, address.socketType, protocol);
  } catch (error) {
    const isMissing = error instanceof SystemError && withoutMptcp.includes(error.code);
    if (protocol !== protocols.mptcp || !isMissing) throw error;
    return kernel.openSocket(family, address.socketType);
  }
};

/**
 * Lets a fresh socket have the port of others of ours: listen(2) checks again what bind(2) did. The fresh one then closes
 * the port to everybody, even of our own user; the others stay ready to share, because they are about to be closed or,
 * connected to a sender, stand in the way of the next fresh one.
 */
const shareWhile = (
  kernel: Kernel,
  address: ListenAddress,
  settings: SocketSettings,
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
  if (!(option === 'SO_REUSEPORT' && settings.reusePort)) share([fresh], 0);
};

/** What is said and asked while a listener is opened. */
export type Opening = {
  /** Our own sockets of the same port that this one takes the place of: they stay open meanwhile. */
  readonly overlapping: readonly Descriptor[];
  /** Called before anybody can come. */
  readonly guard: (fresh: Descriptor) => void;
  readonly onDenied: OnDenied;
};

/**
 * A bound and listening socket at a high number: non-blocking where acceptd accepts from it, blocking where a handler
 * gets it. An option that the kernel denies is told; it is no failure. Throws SystemError.
 */
export const openListener = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  opening: Opening,
): Descriptor => {
  const others = address.kind === 'internet' ? withoutV6(address) : undefined;
  if (others === undefined) return openOne(kernel, service, address, opening);
  try {
    return openOne(kernel, service, address, opening);
  } catch (error) {
    const isMissing = error instanceof SystemError && missingFamily.includes(error.code);
    if (!isMissing) throw error;
    return openOne(kernel, service, others, opening);
  }
};

const missingFamily: readonly string[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'];

/** What a socket for both families listens on where the machine has no IPv6. */
const withoutV6 = (address: InternetAddress): InternetAddress | undefined =>
  address.takesMapped && address.host === '::'
    ? { ...address, version: 4, host: '0.0.0.0', takesMapped: false }
    : undefined;

const bindTo = (
  kernel: Kernel,
  low: Descriptor,
  address: Exclude<ListenAddress, { readonly kind: 'fifo' }>,
): void => {
  switch (address.kind) {
    case 'internet':
      kernel.bindInternet(low, address);
      return;
    case 'vsock':
      bindVsock(low, address);
      return;
    case 'unix':
      kernel.bindUnix(low, { ...address, mode: 0 });
      dressPlace(address);
  }
};

const openOne = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  opening: Opening,
): Descriptor => {
  const settings = settingsOf(service, address);
  let low: Descriptor | undefined;
  try {
    preparePlace(kernel, address, settings.directoryMode);
    dropSpare(address);
    low = address.kind === 'fifo' ? openFifo(address) : openSocket(kernel, address, settings);
    activate(kernel, service, address, low, opening);
    kernel.setBlocking(low, service.mode === 'whole-socket');
    makeSymlinks(address, settings.symlinks, settings.directoryMode, opening.onDenied);
    return kernel.raise(low);
  } catch (error) {
    if (low !== undefined) kernel.close(low);
    throw asSystemError(error, `open ${addressKey(address)}`);
  }
};

const activate = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  low: Descriptor,
  { overlapping, guard, onDenied }: Opening,
): void => {
  const settings = settingsOf(service, address);
  if (address.kind === 'fifo') {
    guard(low);
    tuneFifo(low, settings, onDenied);
    return;
  }
  setOptions(kernel, low, bindOptions(address, settings));
  tryOptions(kernel, low, earlyOptions(address, settings), onDenied);
  tryOptions(kernel, low, tunableOptions(address, settings), onDenied);
  guard(low);
  shareWhile(kernel, address, settings, low, overlapping, () => {
    bindTo(kernel, low, address);
    listenAgain(kernel, service, address, low);
  });
};

/** A listener of a socket that was opened by somebody else, who has bound it; set as one of ours. Throws SystemError. */
export const takeListener = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  descriptor: Descriptor,
  onDenied: OnDenied,
): Descriptor => {
  const settings = settingsOf(service, address);
  if (address.kind === 'fifo') tuneFifo(descriptor, settings, onDenied);
  else {
    tryOptions(kernel, descriptor, earlyOptions(address, settings), onDenied);
    tryOptions(kernel, descriptor, tunableOptions(address, settings), onDenied);
  }
  listenAgain(kernel, service, address, descriptor);
  kernel.setBlocking(descriptor, service.mode === 'whole-socket');
  return kernel.raise(descriptor);
};

/** Sets the length of the queue; wakes a listener up again that its server has shut down. */
export const listenAgain = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  descriptor: Descriptor,
): void => {
  if (isAccepting(address)) kernel.listen(descriptor, settingsOf(service, address).backlog ?? defaultBacklog);
};

/** Options that were set for `before` and are not for `settings`, as a socket has them of its own accord. */
const takenBack = (
  kernel: Kernel,
  address: ListenAddress,
  settings: SocketSettings,
  before: SocketSettings,
): ReturnType<typeof tunableOptions> => {
  if (address.kind === 'fifo') return [];
  const wanted = new Set(tunableOptions(address, settings).map(([name]) => name));
  const gone = tunableOptions(address, before)
    .map(([name]) => name)
    .filter((name) => !wanted.has(name));
  if (gone.length === 0) return [];
  const fresh = openSocket(kernel, address, settings);
  try {
    return defaultsOf(kernel, fresh, gone);
  } finally {
    kernel.close(fresh);
  }
};

/** Brings a listener that stays open in line with a changed configuration: `before` was set. Throws SystemError. */
export const retuneListener = (
  kernel: Kernel,
  service: ResolvedService,
  address: ListenAddress,
  { descriptor, inode }: { readonly descriptor: Descriptor; readonly inode: number | undefined },
  before: SocketSettings,
  onDenied: OnDenied,
): void => {
  const settings = settingsOf(service, address);
  try {
    if (address.kind === 'fifo') tuneFifo(descriptor, settings, onDenied);
    else {
      tryOptions(kernel, descriptor, takenBack(kernel, address, settings, before), onDenied);
      tryOptions(kernel, descriptor, tunableOptions(address, settings), onDenied);
    }
    listenAgain(kernel, service, address, descriptor);
    if (isFile(address) && socketFileInode(address) === inode) {
      if (address.kind === 'unix') dressSocketFile(address);
      else dressFifo(descriptor, address);
    }
    makeSymlinks(address, settings.symlinks, settings.directoryMode, onDenied);
  } catch (error) {
    throw asSystemError(error, `change ${addressKey(address)}`);
  }
};
