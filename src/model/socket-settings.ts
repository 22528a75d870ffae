// What is set on a service's sockets.
import type { Bytes } from './quantity.ts';

/** TCP_DEFER_ACCEPT and its kin take seconds; undefined leaves the kernel's default. */
export type SocketSettings = {
  readonly backlog: number | undefined;
  readonly sendBuffer: Bytes | undefined;
  readonly receiveBuffer: Bytes | undefined;
  readonly keepAlive: boolean;
  /** Seconds until the first probe, seconds between probes, and how many. */
  readonly keepAliveTime: number | undefined;
  readonly keepAliveInterval: number | undefined;
  readonly keepAliveProbes: number | undefined;
  readonly noDelay: boolean;
  readonly deferAccept: number | undefined;
  readonly fastOpen: number | undefined;
  readonly freeBind: boolean;
  readonly transparent: boolean;
  readonly bindDevice: string | undefined;
  readonly mark: number | undefined;
  readonly priority: number | undefined;
  /** IP_TOS and IPV6_TCLASS. */
  readonly typeOfService: number | undefined;
  /** IP_TTL and IPV6_UNICAST_HOPS. */
  readonly timeToLive: number | undefined;
  readonly debug: boolean;
  /** Set with the privilege to go beyond the kernel's limits. */
  readonly forcesBuffers: boolean;
  readonly congestion: string | undefined;
  readonly protocol: 'mptcp' | 'sctp' | 'udplite' | undefined;
  readonly broadcast: boolean;
  readonly reusePort: boolean;
  readonly passesCredentials: boolean;
  readonly passesPacketInfo: boolean;
  /** Of a FIFO. */
  readonly pipeSize: Bytes | undefined;
  /** Permission bits of the directories that are made for a path. */
  readonly directoryMode: number;
  /** Further names of the one path. */
  readonly symlinks: readonly string[];
};

/** Nothing is set but what every socket of ours has. */
export const plainSocket: SocketSettings = {
  backlog: undefined,
  sendBuffer: undefined,
  receiveBuffer: undefined,
  keepAlive: false,
  keepAliveTime: undefined,
  keepAliveInterval: undefined,
  keepAliveProbes: undefined,
  noDelay: false,
  deferAccept: undefined,
  fastOpen: undefined,
  freeBind: false,
  transparent: false,
  bindDevice: undefined,
  mark: undefined,
  priority: undefined,
  typeOfService: undefined,
  timeToLive: undefined,
  debug: false,
  forcesBuffers: false,
  congestion: undefined,
  protocol: undefined,
  broadcast: false,
  reusePort: false,
  passesCredentials: false,
  passesPacketInfo: false,
  pipeSize: undefined,
  directoryMode: 0o755,
  symlinks: [],
};
