// Who may do what over the control socket: its owner and root everything, members of one group may look.

import type { Peer } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { type ConnectionRecord, peerOf } from '../../model/record.ts';
import { SystemError } from '../../native/addon.ts';
import { peerGroupsOf } from '../../native/peer-credentials.ts';

/**
 * `owner` may do everything, `reader` may look, `stranger` neither; `probe` came over TCP and may ask whether the server
 * lives, is ready, and what it counts.
 */
export type Role = 'owner' | 'reader' | 'stranger' | 'probe';

export type Caller = {
  readonly role: Role;
  /** For the log. */
  readonly peer: Peer;
};

const isMember = (descriptor: Descriptor, group: number): boolean => {
  try {
    return peerGroupsOf(descriptor).includes(group);
  } catch (error) {
    // who cannot be asked for is let in by nothing
    if (error instanceof SystemError) return false;
    throw error;
  }
};

/** Of a client of the unix socket, as the kernel knew it when it connected. */
export const callerOf = (
  descriptor: Descriptor,
  record: ConnectionRecord,
  access: { readonly user: number; readonly group: number | undefined },
): Caller => {
  const peer = peerOf(record);
  if (peer.kind !== 'unix') return { role: 'stranger', peer };
  if (peer.uid === access.user || peer.uid === 0) return { role: 'owner', peer };
  const { group } = access;
  const isReader = group !== undefined && (peer.gid === group || isMember(descriptor, group));
  return { role: isReader ? 'reader' : 'stranger', peer };
};
