// A connection's two ends as the addon wrote them (native/record.hh), and what can be read from them.
import type { Peer } from './address.ts';
import { showAddressBytes } from './network.ts';

/** One connection's two ends as the addon wrote them: kept as bytes, read only by those who need a part. */
export type ConnectionRecord = Uint8Array & { readonly record: unique symbol };

const view = (record: Uint8Array): DataView =>
  new DataView(record.buffer, record.byteOffset, record.byteLength);

/** The process of a unix peer, or of whoever wrote to a log. */
export const pidOf = (record: Uint8Array): number => view(record).getInt32(12, true);

/** 4, 6, 1 of a unix socket, or 3 of vsock. Read byte by byte, as remoteWord: every client is asked for it, and a view is an object. */
export const familyOf = (record: Uint8Array): number => (record[4] ?? 0) | ((record[5] ?? 0) << 8);

/** Whether its ends are addresses of IPv4 or IPv6. */
export const isInternet = (record: Uint8Array): boolean => {
  const family = familyOf(record);
  return family === 4 || family === 6;
};

/** One of the words of 32 bits that the client's address has: the only one of IPv4, 0 to 3 of IPv6. */
export const remoteWord = (record: ConnectionRecord, index: number): number => {
  const at = 24 + index * 4;
  const [high, low] = [(record[at] ?? 0) << 8, (record[at + 2] ?? 0) << 8];
  return (((high | (record[at + 1] ?? 0)) << 16) | low | (record[at + 3] ?? 0)) >>> 0;
};

/** The client's address as 4 or 16 bytes; undefined of one that has none. */
export const remoteBytes = (record: ConnectionRecord): Uint8Array | undefined => {
  if (!isInternet(record)) return undefined;
  return record.subarray(24, familyOf(record) === 4 ? 28 : 40);
};

const showHost = (record: Uint8Array, offset: number): string =>
  showAddressBytes(record.subarray(offset, offset + (familyOf(record) === 4 ? 4 : 16)));

/**
 * The client of a connection or datagram; IPv4 clients of a dual-stack socket are IPv4. The host's text is made when
 * somebody reads it: most observers do not.
 */
export const peerOf = (record: ConnectionRecord): Peer => {
  const family = familyOf(record);
  if (family === 1 || family === 3) return peerWithoutHost(record, family);
  let host: string | undefined;
  return {
    kind: 'internet',
    get host() {
      host ??= showHost(record, 24);
      return host;
    },
    port: remotePortOf(record),
  };
};

const peerWithoutHost = (record: ConnectionRecord, family: 1 | 3): Peer => {
  const bytes = view(record);
  if (family === 3) return { kind: 'vsock', cid: bytes.getUint32(16, true), port: bytes.getUint32(20, true) };
  return {
    kind: 'unix',
    pid: bytes.getInt32(12, true),
    uid: bytes.getUint32(16, true),
    gid: bytes.getUint32(20, true),
  };
};

/** The end of a connection that its client has called, where the record has it (native/local-end.ts); undefined of unix peers. */
export const localEndOf = (
  record: ConnectionRecord,
): { readonly host: string; readonly port: number } | undefined =>
  !isInternet(record) ? undefined : { host: showHost(record, 40), port: view(record).getUint16(8, true) };

/** The number of the interface over which a client with a link-local address of IPv6 came; 0 for others. */
export const scopeOf = (record: ConnectionRecord): number => view(record).getUint32(56, true);

/**
 * What counts as one source: a number for IPv4, a text for IPv6, the uid of unix peers, the CID of a virtual machine.
 * Prefixes are in bits.
 */
export const sourceOf = (
  record: ConnectionRecord,
  prefix: { readonly v4: number; readonly v6: number },
): number | string => {
  const family = familyOf(record);
  if (family === 4) return maskBits(remoteWord(record, 0), prefix.v4);
  const bytes = view(record);
  if (family === 1) return `u${bytes.getUint32(16, true)}`;
  if (family === 3) return `m${bytes.getUint32(16, true)}`;
  let key = '';
  for (let word = 0; word * 32 < prefix.v6; word++) {
    key += `${maskBits(bytes.getUint32(24 + word * 4), Math.min(32, prefix.v6 - word * 32)).toString(36)}:`;
  }
  return key;
};

const maskBits = (word: number, bits: number): number =>
  bits === 0 ? 0 : (word & (-1 << (32 - bits))) >>> 0;

/** Our end's address; undefined where the record does not have it. */
export const localBytes = (record: ConnectionRecord): Uint8Array | undefined =>
  !isInternet(record) || localPortOf(record) === 0
    ? undefined
    : record.subarray(40, familyOf(record) === 4 ? 44 : 56);

/** Ports of the two ends; 0 of a unix peer, and of our end where the record does not have it. */
export const remotePortOf = (record: ConnectionRecord): number => (record[6] ?? 0) | ((record[7] ?? 0) << 8);
export const localPortOf = (record: ConnectionRecord): number => view(record).getUint16(8, true);

/** Of a client that is only thought of: `remote` and `local` are addresses of one family, 4 or 16 bytes. */
export const recordOfClient = (
  remote: { readonly bytes: Uint8Array; readonly port: number },
  local: { readonly bytes: Uint8Array; readonly port: number } | undefined,
): ConnectionRecord => {
  const record = new Uint8Array(64) as ConnectionRecord;
  const fields = view(record);
  fields.setUint16(4, remote.bytes.length === 4 ? 4 : 6, true);
  fields.setUint16(6, remote.port, true);
  record.set(remote.bytes, 24);
  if (local !== undefined) {
    fields.setUint16(8, local.port, true);
    record.set(local.bytes, 40);
  }
  return record;
};

/** The same with our end in the place of the client's: for questions about ourselves. */
export const ownEndAsPeer = (record: ConnectionRecord): ConnectionRecord => {
  const swapped = record.slice() as ConnectionRecord;
  swapped.copyWithin(24, 40, 56);
  return swapped;
};
