// Records of clients as the addon writes them, for tests of what reads them.
import { parseAddress } from '../../src/model/network.ts';
import type { ConnectionRecord } from '../../src/model/record.ts';

const isRecord = (bytes: Uint8Array): bytes is ConnectionRecord => bytes.length === 64;

const asRecord = (bytes: Uint8Array): ConnectionRecord => {
  if (!isRecord(bytes)) throw new Error('no record');
  return bytes;
};

const write = (bytes: Uint8Array, at: number, host: string, port: number, portAt: number): number => {
  const address = parseAddress(host);
  if (address === undefined) throw new Error(`no numeric address: ${host}`);
  bytes.set(address, at);
  new DataView(bytes.buffer).setUint16(portAt, port, true);
  return address.length;
};

/** A client at a numeric address; `local` is the address that it has called. */
export const clientRecord = (
  host: string,
  port = 40_000,
  local?: { readonly host: string; readonly port: number },
): ConnectionRecord => {
  const bytes = new Uint8Array(64);
  const length = write(bytes, 24, host, port, 6);
  if (local !== undefined) write(bytes, 40, local.host, local.port, 8);
  new DataView(bytes.buffer).setUint16(4, length === 4 ? 4 : 6, true);
  return asRecord(bytes);
};

export const unixRecord = (uid = 0): ConnectionRecord => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(4, 1, true);
  view.setUint32(16, uid, true);
  return asRecord(bytes);
};
