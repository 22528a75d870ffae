// The address of ours that a client has called.
import type { Descriptor } from '../model/descriptor.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{ fillLocal(fd: number, record: Uint8Array): number }>();

/** The same record with the connection's own end, which the kernel is asked for; for those few who want to know it. */
export const localOf = (connection: Descriptor, record: ConnectionRecord): ConnectionRecord => {
  const filled = record.slice() as ConnectionRecord;
  demand('find the address of a connection', addon.fillLocal(connection, filled));
  return filled;
};
