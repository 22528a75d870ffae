// Which sockets of this machine answer at an address, as /proc/net tells it.
import { readFileSync } from 'node:fs';
import { SocketAddress } from 'node:net';
import { endianness, networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import type { LoadAddress } from '../native/load.ts';
import { isLoopback } from './target.ts';

export type FoundSocket = { readonly inode: string; readonly uid: number | undefined };

type InternetAddress = Extract<LoadAddress, { readonly kind: 'tcp' | 'udp' }>;

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1);
  } catch {
    return []; // a kernel without IPv6, or one that keeps this file to itself
  }
};

/** The kernel writes each 32-bit word of an address as a number of the machine's own byte order. */
const addressOf = (hexadecimal: string): string => {
  const bytes = Buffer.from(hexadecimal, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
};

const canonical = ({ host, version }: InternetAddress): string =>
  new SocketAddress({ address: host, family: version === 4 ? 'ipv4' : 'ipv6' }).address;

/** Hosts that a server may have bound to get what is sent to the address; the kernel prefers the earlier ones. */
const hostsOf = (address: InternetAddress): readonly string[] => {
  const host = canonical(address);
  const [, mapped] = /^::ffff:([0-9.]+)$/.exec(host) ?? [];
  if (address.version === 6 && mapped === undefined) return [host, '::'];
  const plain = mapped ?? host;
  return [plain, `::ffff:${plain}`, '0.0.0.0', '::'];
};

const listening = '0A';
const unconnected = '07';

const findInternet = (address: InternetAddress): readonly FoundSocket[] => {
  const wanted = address.kind === 'tcp' ? listening : unconnected;
  const sockets = ['', '6'].flatMap((version) =>
    linesOf(`/proc/net/${address.kind}${version}`).flatMap((line) => {
      const [, local = '', , state, , , , uid, , inode = '0'] = line.trim().split(/\s+/);
      const [host = '', port = ''] = local.split(':');
      if (state !== wanted || Number.parseInt(port, 16) !== address.port || inode === '0') return [];
      return [{ host: addressOf(host), inode, uid: Number(uid) }];
    }),
  );
  for (const each of hostsOf(address)) {
    const found = sockets.filter(({ host }) => host === each);
    if (found.length > 0) return found;
  }
  return [];
};

const acceptsConnections = 0x10000; // __SO_ACCEPTCON of the kernel

const findUnix = (path: string): readonly FoundSocket[] =>
  linesOf('/proc/net/unix').flatMap((line) => {
    const [, flags = '', inode, bound] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\S+) (.*)$/.exec(line) ?? [];
    // a server may have bound a relative path, from a folder that nobody can know
    const isThere = bound === path || (bound !== undefined && bound[0] === '/' && bound === resolve(path));
    const isListening = (Number.parseInt(flags, 16) & acceptsConnections) !== 0;
    return isThere && isListening && inode !== undefined ? [{ inode, uid: undefined }] : [];
  });

/** Sockets that take connections (datagrams) for the address; none where it belongs to another machine or namespace. */
export const findSockets = (address: LoadAddress): readonly FoundSocket[] =>
  address.kind === 'unix' ? findUnix(address.path) : findInternet(address);

/** Whether the address belongs to this machine, as far as this network namespace sees it. */
export const isOfThisMachine = (address: LoadAddress): boolean =>
  address.kind === 'unix' ||
  isLoopback(address) ||
  Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === canonical(address)));
