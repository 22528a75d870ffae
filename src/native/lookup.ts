// The name service: users, groups, ports and RPC programs, asked on libuv's threads when a configuration is loaded.
import { openAddon } from './addon.ts';

type Answer = readonly [string, ...number[]] | readonly [''];
type AccountAnswer =
  | readonly [name: string, home: string, shell: string, uid: number, gid: number, ...groups: number[]]
  | readonly [''];

const addon = openAddon<{
  lookupAccount(nameOrUid: string | number): Promise<AccountAnswer>;
  lookupGroup(name: string): Promise<Answer>;
  lookupPort(name: string, protocol: string): Promise<Answer>;
  lookupRpc(name: string): Promise<Answer>;
}>();

export type SystemAccount = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
  readonly shell: string;
};

/** A user of the system with all groups of initgroups(3); undefined when there is none. May take as long as NSS does. */
export const lookupAccount = async (nameOrUid: string | number): Promise<SystemAccount | undefined> => {
  const [name, home, shell, uid, gid, ...groups] = await addon.lookupAccount(nameOrUid);
  if (home === undefined || shell === undefined || uid === undefined || gid === undefined) return undefined;
  return { name, uid, gid, groups, home, shell };
};

/** The number of a group of the system. */
export const lookupGroup = async (name: string): Promise<number | undefined> =>
  (await addon.lookupGroup(name))[1];

/** The port of a name in services(5). */
export const lookupPort = async (name: string, protocol: 'tcp' | 'udp'): Promise<number | undefined> =>
  (await addon.lookupPort(name, protocol))[1];

/** The number of a name in rpc(5). */
export const lookupRpcProgram = async (name: string): Promise<number | undefined> =>
  (await addon.lookupRpc(name))[1];
