// Where a service listens: endpoints as written, addresses as the kernel takes them.
import type { SocketSettings } from './socket-settings.ts';

/** `raw` and `rdm` exist in inetd.conf; no service can be run on them here. */
export type SocketType = 'stream' | 'dgram' | 'seqpacket';

/**
 * `v4`, `v6`: that family alone; `both`: one socket each (IPv6 with V6ONLY), so that handlers never see
 * mapped addresses; `dual`: one IPv6 socket that takes IPv4 too (tcp46).
 */
export type Family = 'v4' | 'v6' | 'both' | 'dual';

/** What an endpoint has of its own where the sockets of a service come from several units. */
export type OwnSettings = {
  /** Of LISTEN_FDNAMES. */
  readonly descriptorName: string | undefined;
  /** In place of the service's. */
  readonly socket: SocketSettings | undefined;
};
type Owning = { readonly own?: OwnSettings | undefined };

/** An endpoint of IPv4 or IPv6, as written: host may be `*`, a numeric address or a name; port a name or a number. */
export type InternetEndpoint = {
  readonly kind: 'internet';
  readonly socketType: 'stream' | 'dgram';
  readonly family: Family;
  readonly host: string;
  readonly port: string;
} & Owning;

/** An endpoint in the file system, or an abstract one: then `path` begins with `@`. */
export type UnixEndpoint = {
  readonly kind: 'unix';
  readonly socketType: SocketType;
  readonly path: string;
  /** Names or numbers; undefined leaves what the kernel gives. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** Permission bits of the socket file. */
  readonly mode: number;
} & Owning;

/** A named pipe: opened once for reading and writing, so that it never ends. Nobody is accepted from it. */
export type FifoEndpoint = {
  readonly kind: 'fifo';
  readonly socketType: 'fifo';
  readonly path: string;
  /** Names or numbers; undefined: acceptd's own. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number;
} & Owning;

/** A socket between a virtual machine and its host (vsock(7)); undefined `cid` is any. */
export type VsockEndpoint = {
  readonly kind: 'vsock';
  readonly socketType: SocketType;
  readonly cid: number | undefined;
  readonly port: number;
} & Owning;

export type Endpoint = InternetEndpoint | UnixEndpoint | FifoEndpoint | VsockEndpoint;

/** An address that can be given to bind(2) without asking anybody. */
export type InternetAddress = {
  readonly kind: 'internet';
  readonly socketType: 'stream' | 'dgram';
  readonly version: 4 | 6;
  /** Numeric; `0.0.0.0` and `::` for all. An IPv6 address may have a scope: `fe80::1%eth0`. */
  readonly host: string;
  readonly port: number;
  /** IPv6 only: whether IPv4 clients come in on this socket too. */
  readonly takesMapped: boolean;
  /** Half of a `both` pair, or written so: no error where the machine has no IPv6 at all. */
  readonly isOptional: boolean;
} & Owning;

export type UnixAddress = {
  readonly kind: 'unix';
  readonly socketType: SocketType;
  readonly path: string;
  readonly ownerId: number | undefined;
  readonly groupId: number | undefined;
  readonly mode: number;
} & Owning;

export type FifoAddress = {
  readonly kind: 'fifo';
  readonly socketType: 'fifo';
  readonly path: string;
  readonly ownerId: number | undefined;
  readonly groupId: number | undefined;
  readonly mode: number;
} & Owning;

/** It has no names: as written, so it is bound. */
export type VsockAddress = VsockEndpoint;

export type ListenAddress = InternetAddress | UnixAddress | FifoAddress | VsockAddress;

/** What comes to a listener one by one is accepted; else it is read by whoever has it. */
export const isAccepting = (address: ListenAddress): boolean =>
  address.socketType === 'stream' || address.socketType === 'seqpacket';

/** An address to connect to: of TCP, where `host` is numeric, or a unix socket's path, `@` before an abstract name. */
export type ConnectAddress =
  | { readonly version: 4 | 6; readonly host: string; readonly port: number }
  | { readonly version: 'unix'; readonly path: string };

const protocolOf = (address: InternetAddress): string =>
  `${address.socketType === 'stream' ? 'tcp' : 'udp'}${address.version}`;

const showHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const showCid = (cid: number | undefined): string => (cid === undefined ? '' : `${cid}`);

/** Identifies the listener of an address across reloads: two addresses with one key can share a socket. */
export const addressKey = (address: ListenAddress): string => {
  switch (address.kind) {
    case 'unix':
      return `unix-${address.socketType}:${address.path}`;
    case 'fifo':
      return `fifo:${address.path}`;
    case 'vsock':
      return `vsock-${address.socketType}:${showCid(address.cid)}:${address.port}`;
    case 'internet':
      return `${protocolOf(address)}${address.takesMapped ? '+4' : ''}:${showHost(address.host)}:${address.port}`;
  }
};

/** `127.0.0.1:79`, `[::1]:79`, `/run/x.sock`, `@name`, `vsock:2:79`: for messages, logs and clients. */
export const showAddress = (address: ListenAddress): string => {
  switch (address.kind) {
    case 'unix':
    case 'fifo':
      return address.path;
    case 'vsock':
      return `vsock:${showCid(address.cid)}:${address.port}`;
    case 'internet':
      return `${showHost(address.host)}:${address.port}`;
  }
};

/** The same with the kind of socket before it: `tcp 127.0.0.1:79`, `unix stream /run/x.sock`, `fifo /run/x`. */
export const describeAddress = (address: ListenAddress): string => {
  switch (address.kind) {
    case 'unix':
      return `unix ${address.socketType} ${address.path}`;
    case 'fifo':
      return `fifo ${address.path}`;
    case 'vsock':
      return `${address.socketType} ${showAddress(address)}`;
    case 'internet':
      return `${address.socketType === 'stream' ? 'tcp' : 'udp'} ${showAddress(address)}`;
  }
};

/** One end of a connection. Unix peers have credentials instead of an address. */
export type Peer =
  | { readonly kind: 'internet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly pid: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'vsock'; readonly cid: number; readonly port: number };

export const showPeer = (peer: Peer): string => {
  switch (peer.kind) {
    case 'internet':
      return `${showHost(peer.host)}:${peer.port}`;
    case 'unix':
      return `pid ${peer.pid} uid ${peer.uid}`;
    case 'vsock':
      return `vsock:${peer.cid}:${peer.port}`;
  }
};
