// What units ask of the machine when they are loaded: values of specifiers, and how far IPv6 goes.
import { readFile } from 'node:fs/promises';
import { hostname, release, userInfo } from 'node:os';
import { type Facts, systemFacts } from './specifiers.ts';

export type Machine = {
  readonly facts: Facts;
  readonly hasIpv6: boolean;
  /** net.ipv6.bindv6only: what BindIPv6Only=default means. */
  readonly isV6only: boolean;
};

/** For texts that are read without a machine: only what is the same on each. */
export const anyMachine: Machine = { facts: systemFacts, hasIpv6: true, isV6only: false };

const architectures: ReadonlyMap<string, string> = new Map([
  ['x64', 'x86-64'],
  ['ia32', 'x86'],
  ['ppc64', 'ppc64-le'],
]);

/** os-release(5): what stands in it, by letters. */
const releaseLetters = [
  ['o', 'ID'],
  ['w', 'VERSION_ID'],
  ['W', 'VARIANT_ID'],
  ['B', 'BUILD_ID'],
  ['A', 'IMAGE_VERSION'],
  ['M', 'IMAGE_ID'],
] as const;

/** `NAME=VALUE` lines, as a shell would read them but for variables. */
const assignmentsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']): [string, string] => [
      name,
      value
        .trim()
        .replace(/^(["'])(.*)\1$/s, '$2')
        .replace(/\\(.)/g, '$1'),
    ]),
  );

const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

const userFacts = (): Facts => {
  try {
    const { username, uid, homedir, shell } = userInfo();
    return new Map([
      ['u', username],
      ['U', String(uid)],
      ['h', homedir],
      ['s', shell ?? '/bin/sh'],
    ]);
  } catch {
    // a number without an account
    const uid = process.getuid?.() ?? 0;
    return new Map([
      ['u', String(uid)],
      ['U', String(uid)],
      ['h', '/'],
      ['s', '/bin/sh'],
    ]);
  }
};

const groupFacts = (groups: string | undefined): Facts => {
  const gid = String(process.getgid?.() ?? 0);
  const name = groups
    ?.split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === gid)?.[0];
  return new Map([
    ['g', name ?? gid],
    ['G', gid],
  ]);
};

const hostFacts = (machineInfo: string | undefined): Facts => {
  const name = hostname();
  return new Map([
    ['H', name],
    ['l', name.split('.')[0] ?? name],
    ['q', assignmentsOf(machineInfo ?? '').get('PRETTY_HOSTNAME') ?? name],
    ['v', release()],
    ['a', architectures.get(process.arch) ?? process.arch],
  ]);
};

/** Once a load; what cannot be read is unknown, and said where it is used. */
export const readMachine = async (): Promise<Machine> => {
  const [osRelease, vendorRelease, machineId, bootId, machineInfo, groups, ipv6, v6only] = await Promise.all(
    [
      '/etc/os-release',
      '/usr/lib/os-release',
      '/etc/machine-id',
      '/proc/sys/kernel/random/boot_id',
      '/etc/machine-info',
      '/etc/group',
      '/proc/net/if_inet6',
      '/proc/sys/net/ipv6/bindv6only',
    ].map(read),
  );
  const system = osRelease ?? vendorRelease;
  const fields = assignmentsOf(system ?? '');
  const ids: readonly (readonly [string, string | undefined])[] = [
    ['m', machineId?.trim()],
    ['b', bootId?.replace(/-/g, '').trim()],
    ...releaseLetters.map(
      ([letter, name]) => [letter, system === undefined ? undefined : (fields.get(name) ?? '')] as const,
    ),
  ];
  return {
    facts: new Map([
      ...systemFacts,
      ...userFacts(),
      ...groupFacts(groups),
      ...hostFacts(machineInfo),
      ...ids.flatMap(([letter, value]) => (value === undefined ? [] : [[letter, value] as const])),
    ]),
    hasIpv6: ipv6 !== undefined,
    isV6only: v6only?.trim() === '1',
  };
};
