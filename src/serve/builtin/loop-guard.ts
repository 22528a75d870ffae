// Which senders of a datagram must not be answered, because the answer would be answered in turn, and again.
import { BlockList } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Peer } from '../../model/address.ts';
import { type Milliseconds, seconds } from '../../model/quantity.ts';

// The sources that OpenBSD's and NetBSD's inetds refuse between them, except 127/8: what comes from there was sent on this
// machine (the kernel drops it on any other interface as martian), and it can be a loop only with one of our own datagram
// built-ins or with a service that answers anybody. Those are known by their ports, which are refused from everywhere; what
// remains is the ordinary local client, from a port of its own.
const refusedV4 = new BlockList();
refusedV4.addSubnet('0.0.0.0', 8, 'ipv4');
// multicast, then what is reserved up to the limited broadcast
refusedV4.addSubnet('224.0.0.0', 4, 'ipv4');
refusedV4.addSubnet('240.0.0.0', 4, 'ipv4');

// a list of its own: in one list, the rule for mapped addresses would match every IPv4 address
const refusedV6 = new BlockList();
refusedV6.addSubnet('ff00::', 8, 'ipv6');
// unspecified and v4-compatible, then mapped: a real IPv4 client of a dual-stack socket is shown as IPv4
refusedV6.addSubnet('::', 96, 'ipv6');
refusedV6.addSubnet('::ffff:0:0', 96, 'ipv6');

/** NetBSD's ports 7, 9, 13, 19 and 37 are among the reserved ones, which OpenBSD refuses as a whole. */
const lowestOrdinaryPort = 1024;
const nfsPort = 2049;

/** How old the list of interfaces may be; it is read when a datagram comes, never by a timer. */
const interfacesLimit = seconds(60);

export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

const bytesOf = (host: string): readonly number[] => host.split('.').map(Number);

/** The directed broadcast address of an interface's network; /31 and /32 have none (RFC 3021). */
const broadcastOf = ({ address, netmask }: NetworkInterfaceInfo): string | undefined => {
  const mask = bytesOf(netmask);
  if ((mask[3] ?? 255) >= 254) return undefined;
  return bytesOf(address)
    .map((byte, index) => byte | (~(mask[index] ?? 255) & 255))
    .join('.');
};

const broadcastAddresses = (interfaces: Interfaces): ReadonlySet<string> => {
  const found = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter((each) => each.family === 'IPv4')
    .map(broadcastOf);
  return new Set(found.filter((each) => each !== undefined));
};

export type LoopGuard = (peer: Peer, internalPorts: ReadonlySet<number>, now: Milliseconds) => boolean;

/** `internalPorts` is FreeBSD's rule: the ports of our own datagram built-ins, which are called by spoofed names. */
export const createLoopGuard = (readInterfaces: () => Interfaces): LoopGuard => {
  let readAt: Milliseconds | undefined;
  let broadcasts: ReadonlySet<string> = new Set();
  const isBroadcast = (host: string, now: Milliseconds): boolean => {
    if (readAt === undefined || now - readAt >= interfacesLimit) {
      readAt = now;
      broadcasts = broadcastAddresses(readInterfaces());
    }
    return broadcasts.has(host);
  };
  return (peer, internalPorts, now) => {
    if (peer.kind !== 'internet') return false;
    const { host, port } = peer;
    if (port < lowestOrdinaryPort || port === nfsPort || internalPorts.has(port)) return true;
    if (host.includes(':')) return host !== '::1' && refusedV6.check(host, 'ipv6');
    return refusedV4.check(host, 'ipv4') || isBroadcast(host, now);
  };
};
