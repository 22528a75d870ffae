// The header of the PROXY protocol: tells the server behind a relay who the client is and what it has called.

import { showAddressBytes } from '../model/network.ts';
import {
  type ConnectionRecord,
  familyOf,
  localBytes,
  localPortOf,
  remoteBytes,
  remotePortOf,
} from '../model/record.ts';

/** A connection's two ends; the path is that of a unix socket that the client has called. */
export type Ends = { readonly record: ConnectionRecord; readonly path: string };

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
/** Version 2, on behalf of somebody else. */
const proxied = 0x21;
/** Family and transport. */
const tcp4 = 0x11;
const tcp6 = 0x21;
const unixStream = 0x31;
/** sun_path. */
const pathLength = 108;

const bigEndian = (value: number): readonly number[] => [value >> 8, value & 255];

const binary = (family: number, addresses: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from([...signature, proxied, family, ...bigEndian(addresses.length)]), addresses]);

/** The client of a unix socket has no name most often; what it has called has one. */
const unixAddresses = (path: string): Uint8Array => {
  const addresses = Buffer.alloc(2 * pathLength);
  addresses.write(path, pathLength, pathLength);
  // an abstract name begins with a NUL
  if (path.startsWith('@')) addresses[pathLength] = 0;
  return addresses;
};

/** Version 1 has no word for unix sockets. */
export const proxyHeader = (version: 'v1' | 'v2', { record, path }: Ends): Uint8Array => {
  const [remote, local] = [remoteBytes(record), localBytes(record)];
  if (remote === undefined || local === undefined) {
    if (version === 'v1') return Buffer.from('PROXY UNKNOWN\r\n');
    return familyOf(record) === 1 ? binary(unixStream, unixAddresses(path)) : binary(0, new Uint8Array(0));
  }
  const ports = [remotePortOf(record), localPortOf(record)] as const;
  if (version === 'v1') {
    const words = [remote, local].map(showAddressBytes);
    return Buffer.from(`PROXY TCP${familyOf(record)} ${words.join(' ')} ${ports.join(' ')}\r\n`);
  }
  const addresses = Buffer.from([...remote, ...local, ...ports.flatMap(bigEndian)]);
  return binary(remote.length === 4 ? tcp4 : tcp6, addresses);
};
