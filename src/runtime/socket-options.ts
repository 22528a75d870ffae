// Which options a socket has for an address and its settings, and how they are set.
import type { InternetAddress, ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ResolvedService, SocketSettings } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';
import { optionText, setPipeSize } from '../native/place.ts';

export type SocketOption = readonly [name: string, value: number | string];

/** The settings of an address: its own, or those of its service. */
export const settingsOf = (service: ResolvedService, address: ListenAddress): SocketSettings =>
  address.own?.socket ?? service.socket;

/** A socket of IPv6 that takes IPv4 has both options. */
const versioned = (
  address: InternetAddress,
  v4: string,
  v6: string,
  value: number | undefined,
): readonly SocketOption[] => {
  if (value === undefined) return [];
  if (address.version === 4) return [[v4, value]];
  return address.takesMapped
    ? [
        [v6, value],
        [v4, value],
      ]
    : [[v6, value]];
};

const one = (name: string, value: number | string | undefined): readonly SocketOption[] =>
  value === undefined ? [] : [[name, value]];

const flag = (name: string, isOn: boolean): readonly SocketOption[] => (isOn ? [[name, 1]] : []);

/** Also switched off: a reload may have taken it away. */
const toggle = (name: string, isOn: boolean): SocketOption => [name, isOn ? 1 : 0];

const bufferOptions = (settings: SocketSettings): readonly SocketOption[] => {
  const force = settings.forcesBuffers ? 'FORCE' : '';
  return [
    ...one(`SO_SNDBUF${force}`, settings.sendBuffer),
    ...one(`SO_RCVBUF${force}`, settings.receiveBuffer),
  ];
};

const tcpOptions = (settings: SocketSettings): readonly SocketOption[] => [
  toggle('TCP_NODELAY', settings.noDelay),
  ...one('TCP_DEFER_ACCEPT', settings.deferAccept),
  ...one('TCP_FASTOPEN', settings.fastOpen),
  ...one('TCP_KEEPIDLE', settings.keepAliveTime),
  ...one('TCP_KEEPINTVL', settings.keepAliveInterval),
  ...one('TCP_KEEPCNT', settings.keepAliveProbes),
  ...one('TCP_CONGESTION', settings.congestion),
];

/** What can be set anew on a listener that stays open across a reload. */
export const tunableOptions = (address: ListenAddress, settings: SocketSettings): readonly SocketOption[] => {
  switch (address.kind) {
    case 'fifo':
      return [];
    case 'vsock':
      return bufferOptions(settings);
    case 'unix':
      return [...bufferOptions(settings), toggle('SO_PASSCRED', settings.passesCredentials)];
    case 'internet': {
      const isStream = address.socketType === 'stream';
      return [
        ...bufferOptions(settings),
        toggle('SO_KEEPALIVE', settings.keepAlive),
        toggle('SO_DEBUG', settings.debug),
        ...one('SO_MARK', settings.mark),
        ...one('SO_PRIORITY', settings.priority),
        ...versioned(address, 'IP_TOS', 'IPV6_TCLASS', settings.typeOfService),
        ...versioned(address, 'IP_TTL', 'IPV6_UNICAST_HOPS', settings.timeToLive),
        ...(isStream && settings.protocol !== 'sctp' ? tcpOptions(settings) : []),
        ...(isStream ? [] : [toggle('SO_BROADCAST', settings.broadcast)]),
      ];
    }
  }
};

/** Those of them without which the socket would be another one: their failure is that of the socket. */
export const bindOptions = (address: ListenAddress, settings: SocketSettings): readonly SocketOption[] => {
  if (address.kind !== 'internet') return [];
  const { version, socketType, takesMapped } = address;
  return [
    // for UDP it would let anybody take the port's datagrams (socket(7)); for TCP it only skips TIME_WAIT
    ...flag('SO_REUSEADDR', socketType === 'stream'),
    ...(version === 6 ? [['IPV6_V6ONLY', takesMapped ? 0 : 1] as const] : []),
    ...one('SO_BINDTODEVICE', settings.bindDevice),
  ];
};

/** What must be set before the bind, and may fail. A datagram's own address is wanted by acceptd itself. */
export const earlyOptions = (address: ListenAddress, settings: SocketSettings): readonly SocketOption[] => {
  if (address.kind !== 'internet') return [];
  const wantsPlace = address.socketType === 'dgram' || settings.passesPacketInfo;
  return [
    ...flag('SO_REUSEPORT', settings.reusePort),
    ...versioned(address, 'IP_PKTINFO', 'IPV6_RECVPKTINFO', wantsPlace ? 1 : undefined),
    ...versioned(address, 'IP_FREEBIND', 'IPV6_FREEBIND', settings.freeBind ? 1 : undefined),
    ...versioned(address, 'IP_TRANSPARENT', 'IPV6_TRANSPARENT', settings.transparent ? 1 : undefined),
  ];
};

/** What the kernel does not hand on from a listener to what is accepted from it: of unix sockets, the buffers (unix(7)). */
export const acceptedOptions = (service: ResolvedService, address: ListenAddress): readonly SocketOption[] =>
  address.kind === 'unix' && address.socketType !== 'dgram'
    ? bufferOptions(settingsOf(service, address))
    : [];

export const setOptions = (
  kernel: Kernel,
  descriptor: Descriptor,
  options: readonly SocketOption[],
): void => {
  for (const [name, value] of options) kernel.setOption(descriptor, name, value);
};

/** Hears of an option that the kernel denied: the socket serves without it. */
export type OnDenied = (error: SystemError) => void;

const attempt = (action: () => void, onDenied: OnDenied): void => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    onDenied(error);
  }
};

/** Beyond the kernel's limits only root sets buffers; others get what the limits allow, which is told. */
export const tryOptions = (
  kernel: Kernel,
  descriptor: Descriptor,
  options: readonly SocketOption[],
  onDenied: OnDenied,
): void => {
  for (const [name, value] of options) {
    attempt(
      () => kernel.setOption(descriptor, name, value),
      (error) => {
        onDenied(error);
        if (name.endsWith('BUFFORCE')) {
          attempt(() => kernel.setOption(descriptor, name.replace('FORCE', ''), value), onDenied);
        }
      },
    );
  }
};

export const tuneFifo = (descriptor: Descriptor, settings: SocketSettings, onDenied: OnDenied): void => {
  const { pipeSize } = settings;
  if (pipeSize !== undefined) attempt(() => setPipeSize(descriptor, pipeSize), onDenied);
};

const plainName = (name: string): string => name.replace('FORCE', '');

/**
 * What a socket has of its own accord, for options that were set before and are no more: asked of a fresh one of the
 * same kind. The kernel tells a buffer's size doubled (socket(7)).
 */
export const defaultsOf = (
  kernel: Kernel,
  fresh: Descriptor,
  names: readonly string[],
): readonly SocketOption[] =>
  names.map(plainName).map((name): SocketOption => {
    if (name === 'TCP_CONGESTION') return [name, optionText(fresh, name)];
    const value = kernel.getOption(fresh, name);
    return [name, name === 'SO_SNDBUF' || name === 'SO_RCVBUF' ? value / 2 : value];
  });
