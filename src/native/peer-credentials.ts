// Who is at the other end of a unix socket, beyond what an accepted client's record says.
import type { Descriptor } from '../model/descriptor.ts';
import { failed, openAddon } from './addon.ts';

const addon = openAddon<{ peerGroups(fd: number): readonly number[] | number }>();

/** SO_PEERGROUPS: the supplementary groups that the peer had when it connected. */
export const peerGroupsOf = (descriptor: Descriptor): readonly number[] => {
  const found = addon.peerGroups(descriptor);
  if (typeof found === 'number') throw failed("read a peer's groups", found);
  return found;
};
