// What resolving asks of the machine; all of it is passed in, so that tests need no accounts and no network.
import type { Family } from '../model/address.ts';

export type Account = {
  readonly name: string;
  readonly uid: number;
  /** The group of the passwd entry. */
  readonly gid: number;
  /** Groups whose members name the account, as initgroups(3) takes them; without `gid` unless it names it too. */
  readonly groups: readonly number[];
  readonly home: string;
  readonly shell: string;
};

export type Lookups = {
  /** services(5). */
  port(name: string, protocol: 'tcp' | 'udp'): Promise<number | undefined>;
  /** The numeric addresses of a host name: of that version for `v4` and `v6`, all for `both` and `dual`. */
  hosts(name: string, family: Family): Promise<readonly { readonly host: string; readonly version: 4 | 6 }[]>;
  account(name: string): Promise<Account | undefined>;
  accountById(uid: number): Promise<Account | undefined>;
  group(name: string): Promise<number | undefined>;
  /** rpc(5). */
  rpcProgram(name: string): Promise<number | undefined>;
  /** Whether execve(2) could start the file; the path is already below a root directory. */
  program(path: string): Promise<'executable' | 'missing' | 'not-executable'>;
  /** Who acceptd runs as. */
  currentUser(): { readonly uid: number; readonly gid: number };
};

/** The same answers, each asked for once; a look-up that fails has found nothing. */
export const rememberLookups = (lookups: Lookups): Lookups => {
  const remember = <Answer>(
    ask: (...words: readonly string[]) => Promise<Answer>,
    nothing: Answer,
  ): ((...words: readonly string[]) => Promise<Answer>) => {
    const answers = new Map<string, Promise<Answer>>();
    return (...words) => {
      const key = words.join('\0');
      const known = answers.get(key);
      if (known !== undefined) return known;
      const answer = ask(...words).catch(() => nothing);
      answers.set(key, answer);
      return answer;
    };
  };
  const ports = {
    tcp: remember<number | undefined>((name = '') => lookups.port(name, 'tcp'), undefined),
    udp: remember<number | undefined>((name = '') => lookups.port(name, 'udp'), undefined),
  };
  const hostsOf = (family: Family) =>
    remember<Awaited<ReturnType<Lookups['hosts']>>>((name = '') => lookups.hosts(name, family), []);
  const hosts = { v4: hostsOf('v4'), v6: hostsOf('v6'), both: hostsOf('both'), dual: hostsOf('dual') };
  const accountById = remember<Account | undefined>((uid) => lookups.accountById(Number(uid)), undefined);
  return {
    port: (name, protocol) => ports[protocol](name),
    hosts: (name, family) => hosts[family](name),
    account: remember<Account | undefined>((name = '') => lookups.account(name), undefined),
    accountById: (uid) => accountById(String(uid)),
    group: remember<number | undefined>((name = '') => lookups.group(name), undefined),
    rpcProgram: remember<number | undefined>((name = '') => lookups.rpcProgram(name), undefined),
    program: remember<'executable' | 'missing' | 'not-executable'>(
      (path = '') => lookups.program(path),
      'missing',
    ),
    currentUser: lookups.currentUser,
  };
};
