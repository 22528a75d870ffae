// What this machine answers when a configuration is resolved: accounts, ports, hosts, programs.
import { lookup } from 'node:dns/promises';
import { access, constants, stat } from 'node:fs/promises';
import type { Account, Lookups } from '../config/lookups.ts';
import {
  lookupAccount,
  lookupGroup,
  lookupPort,
  lookupRpcProgram,
  type SystemAccount,
} from '../native/lookup.ts';

/** initgroups(3) lists the primary group too; a configured group takes its place. */
const toAccount = (account: SystemAccount | undefined): Account | undefined =>
  account === undefined
    ? undefined
    : { ...account, groups: account.groups.filter((group) => group !== account.gid) };

const hosts: Lookups['hosts'] = async (name, family) => {
  const version = family === 'v4' ? 4 : family === 'v6' ? 6 : 0;
  const found = await lookup(name, { all: true, family: version });
  return found.map((each) => ({ host: each.address, version: each.family === 6 ? 6 : 4 }));
};

const program: Lookups['program'] = async (path) => {
  const state = await stat(path).catch(() => undefined);
  if (state === undefined) return 'missing';
  const isExecutable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return state.isFile() && isExecutable ? 'executable' : 'not-executable';
};

export const machine: Lookups = {
  port: lookupPort,
  hosts,
  account: async (name) => toAccount(await lookupAccount(name)),
  accountById: async (uid) => toAccount(await lookupAccount(uid)),
  group: lookupGroup,
  rpcProgram: lookupRpcProgram,
  program,
  currentUser: () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }),
};
