// The keys of the key = value form: NetBSD's, and those that only the native language has.
import { resourceNames } from '../../model/service.ts';

type KeyRule = {
  readonly least: number;
  readonly most: number;
  readonly isNetbsd: boolean;
  /** What a second assignment of the key does: natively `add` for lists, else an error. */
  readonly repeats: 'error' | 'add';
  /** NetBSD lets the last of several assignments win for some keys. */
  readonly lastWinsInNetbsd: boolean;
};

/** Lists of addresses are long: ten thousand of them are nothing strange. */
const many = 100_000;

const rule = (least: number, most: number): KeyRule => ({
  least,
  most,
  isNetbsd: false,
  repeats: 'error',
  lastWinsInNetbsd: false,
});
const netbsd = (least: number, most: number): KeyRule => ({ ...rule(least, most), isNetbsd: true });
const lastWins = (least: number, most: number): KeyRule => ({
  ...netbsd(least, most),
  lastWinsInNetbsd: true,
});

export const keyRules: ReadonlyMap<string, KeyRule> = new Map<string, KeyRule>([
  ['bind', netbsd(1, many)],
  ['wait', netbsd(1, 1)],
  ['service_max', netbsd(1, 1)],
  ['ip_max', netbsd(1, 1)],
  ['accept_max', netbsd(1, 1)],
  ['user', netbsd(1, 1)],
  ['args', netbsd(0, many)],
  ['ipsec', netbsd(0, 1)],
  ['socktype', lastWins(1, 1)],
  ['acceptfilter', lastWins(1, 2)],
  ['protocol', lastWins(1, 1)],
  ['sndbuf', lastWins(1, 1)],
  ['recvbuf', lastWins(1, 1)],
  ['group', lastWins(1, 1)],
  ['exec', lastWins(1, 1)],
  ['rcvbuf', rule(1, 1)],
  ['id', rule(1, 1)],
  ['port', rule(1, 1)],
  ['path', rule(1, 1)],
  ['listen', rule(1, many)],
  ['rpc', rule(1, 1)],
  ['internal', rule(1, 1)],
  ['format', rule(1, 1)],
  ['redirect', rule(2, 2)],
  ['connect_timeout', rule(1, 1)],
  ['sensor', rule(1, 1)],
  ['deny_time', rule(1, 1)],
  ['tcpmux', rule(1, 1)],
  ['groups', rule(0, many)],
  ['nice', rule(1, 1)],
  ['umask', rule(1, 1)],
  ['session', rule(1, 1)],
  ['chdir', rule(1, 1)],
  ['chroot', rule(1, 1)],
  ['env', { ...rule(1, many), repeats: 'add' }],
  ['passenv', { ...rule(1, many), repeats: 'add' }],
  ['stderr', rule(1, 1)],
  ['fd3', rule(1, 1)],
  ['address_variables', rule(1, 1)],
  ['show_mapped', rule(1, 1)],
  ['only_from', { ...rule(0, many), repeats: 'add' }],
  ['no_access', { ...rule(0, many), repeats: 'add' }],
  ['access_times', { ...rule(1, many), repeats: 'add' }],
  ['max_load', rule(1, 1)],
  ['libwrap', rule(1, 1)],
  ['ident', rule(1, 3)],
  ['banner', rule(1, 1)],
  ['banner_success', rule(1, 1)],
  ['banner_fail', rule(1, 1)],
  ['log_file', rule(1, 3)],
  ['log_syslog', rule(1, 2)],
  ['log_on_success', rule(0, many)],
  ['log_on_failure', rule(0, many)],
  ['instances', rule(1, 1)],
  ['per_source', rule(1, 1)],
  ['per_source_rate', rule(1, 1)],
  ['source_prefix', rule(1, 2)],
  ['cps', rule(1, 2)],
  ['rate', rule(1, 2)],
  ['on_limit', rule(1, 1)],
  ['on_rate', rule(1, 1)],
  ['start_retries', rule(1, 1)],
  ['backlog', rule(1, 1)],
  ['keepalive', rule(1, 1)],
  ['nodelay', rule(1, 1)],
  ['defer_accept', rule(1, 1)],
  ['fastopen', rule(1, 1)],
  ['freebind', rule(1, 1)],
  ['transparent', rule(1, 1)],
  ['bind_device', rule(1, 1)],
  ['mark', rule(1, 1)],
  ['priority', rule(1, 1)],
  ['tos', rule(1, 1)],
  ['ttl', rule(1, 1)],
  ['debug', rule(1, 1)],
  ['socket_user', rule(1, 1)],
  ['socket_group', rule(1, 1)],
  ['socket_mode', rule(1, 1)],
  ...resourceNames.map((name): [string, KeyRule] => [`rlimit_${name}`, rule(1, 1)]),
]);

export const isKeyName = (word: string): boolean => keyRules.has(word);

/** Keys whose values may look like `NAME=VALUE`, so that such a word does not begin another assignment. */
export const isVerbatimKey = (key: string): boolean => key === 'args' || key === 'env' || key === 'passenv';
