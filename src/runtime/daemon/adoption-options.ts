// What a server has set on its own socket before it binds it, and ours is to have as well.
import type { SocketType } from '../../model/address.ts';
import type { SocketSettings } from '../../model/socket-settings.ts';

type Carried = {
  readonly name: string;
  /** The configuration has a word for it, and has said it: that counts. */
  readonly isConfigured?: (settings: SocketSettings) => boolean;
};

const common: readonly Carried[] = [
  { name: 'SO_SNDBUF', isConfigured: ({ sendBuffer }) => sendBuffer !== undefined },
  { name: 'SO_RCVBUF', isConfigured: ({ receiveBuffer }) => receiveBuffer !== undefined },
  { name: 'SO_RCVTIMEO' },
  { name: 'SO_SNDTIMEO' },
  { name: 'SO_PASSCRED', isConfigured: ({ passesCredentials }) => passesCredentials },
];

const internet: readonly Carried[] = [
  { name: 'SO_PRIORITY', isConfigured: ({ priority }) => priority !== undefined },
  { name: 'IP_TOS', isConfigured: ({ typeOfService }) => typeOfService !== undefined },
  { name: 'IP_TTL', isConfigured: ({ timeToLive }) => timeToLive !== undefined },
  { name: 'IPV6_TCLASS', isConfigured: ({ typeOfService }) => typeOfService !== undefined },
  { name: 'IPV6_UNICAST_HOPS', isConfigured: ({ timeToLive }) => timeToLive !== undefined },
];

/** TCP's connections inherit them from their listener. */
const tcp: readonly Carried[] = [
  { name: 'SO_KEEPALIVE', isConfigured: ({ keepAlive }) => keepAlive },
  { name: 'SO_LINGER' },
  { name: 'SO_RCVLOWAT' },
  { name: 'TCP_NODELAY', isConfigured: ({ noDelay }) => noDelay },
  { name: 'TCP_DEFER_ACCEPT', isConfigured: ({ deferAccept }) => deferAccept !== undefined },
  { name: 'TCP_FASTOPEN', isConfigured: ({ fastOpen }) => fastOpen !== undefined },
  { name: 'TCP_KEEPIDLE', isConfigured: ({ keepAliveTime }) => keepAliveTime !== undefined },
  { name: 'TCP_KEEPINTVL', isConfigured: ({ keepAliveInterval }) => keepAliveInterval !== undefined },
  { name: 'TCP_KEEPCNT', isConfigured: ({ keepAliveProbes }) => keepAliveProbes !== undefined },
  { name: 'TCP_USER_TIMEOUT' },
];

/** A server that has asked for a part of each datagram's envelope reads it there. */
const udp: readonly Carried[] = [
  'SO_BROADCAST',
  'SO_TIMESTAMP',
  'IP_PKTINFO',
  'IP_RECVTTL',
  'IP_RECVTOS',
  'IP_RECVERR',
  'IP_MTU_DISCOVER',
  'IPV6_RECVPKTINFO',
  'IPV6_RECVHOPLIMIT',
  'IPV6_RECVTCLASS',
  'IPV6_RECVERR',
  'IPV6_MTU_DISCOVER',
].map((name) => ({ name }));

/**
 * Not among them: what only matters to the bind that does not take place (SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY,
 * IP_FREEBIND, SO_BINDTODEVICE), and what is a matter of the machine's administrator (SO_MARK).
 */
export const carriedOptions = (
  kind: 'internet' | 'unix',
  socketType: SocketType | undefined,
  settings: SocketSettings,
): readonly string[] => {
  const own = kind === 'unix' ? [] : [...internet, ...(socketType === 'stream' ? tcp : udp)];
  return [...common, ...own]
    .filter(({ isConfigured }) => isConfigured?.(settings) !== true)
    .map(({ name }) => name);
};
