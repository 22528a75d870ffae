// Where acceptd's own log goes, in the words of --log.
import { resolve } from 'node:path';
import { type SyslogFacility, syslogFacilities } from '../model/service-log.ts';
import { UsageError } from './option-values.ts';

export type RecordTarget =
  | { readonly kind: 'stderr' }
  | { readonly kind: 'journald' }
  | { readonly kind: 'syslog'; readonly facility: SyslogFacility }
  | { readonly kind: 'file'; readonly path: string };

const advice = 'write stderr, journald, syslog, syslog:FACILITY or file:PATH';

const isFacility = (word: string): word is SyslogFacility =>
  syslogFacilities.some((facility) => facility === word);

const targetOf = (word: string): RecordTarget => {
  if (word === 'stderr' || word === 'journald') return { kind: word };
  if (word === 'syslog') return { kind: 'syslog', facility: 'daemon' };
  const [, kind, rest = ''] = /^(syslog|file):(.+)$/s.exec(word) ?? [];
  if (kind === 'file') return { kind, path: resolve(rest) };
  if (kind === undefined) throw new UsageError(`--log does not know '${word}'; ${advice}`);
  if (isFacility(rest)) return { kind: 'syslog', facility: rest };
  const choices = syslogFacilities.join(', ');
  throw new UsageError(`--log knows no syslog facility '${rest}'; write one of ${choices}`);
};

const sameAs = (one: RecordTarget) => (other: RecordTarget) => JSON.stringify(one) === JSON.stringify(other);

/** Each place once, in the order of the words. */
export const logTargets = (words: readonly string[] | undefined): readonly RecordTarget[] | undefined => {
  const targets = words?.map((word) => targetOf(String(word)));
  return targets?.filter((target, index) => targets.findIndex(sameAs(target)) === index);
};
