// Netgroups of the name service (innetgr(3)).
import { openAddon } from './addon.ts';

const addon = openAddon<{ lookupNetgroup(group: string, host: string): Promise<number> }>();

/** undefined: this machine's C library knows of no netgroups. May take as long as NSS does. */
export const isInNetgroup = async (group: string, host: string): Promise<boolean | undefined> => {
  const answer = await addon.lookupNetgroup(group, host);
  return answer < 0 ? undefined : answer === 1;
};
