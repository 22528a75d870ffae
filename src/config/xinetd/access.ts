// Who may have a service: its lists and times, its load, and its name in hosts.allow.
import type { Access, ClientPattern } from '../../model/access.ts';
import type { Doubts } from '../source.ts';
import { type AccessList, readAccessList } from './access-lists.ts';
import { readAccessTimes } from './access-times.ts';
import type { Attributes } from './attributes.ts';
import type { Defaults } from './defaults.ts';
import { readMaxLoad } from './limits.ts';
import { markWord, type Notes, placeOf, type Word } from './notes.ts';
import { warnOfOverlaps } from './overlaps.ts';

export type AccessReading = {
  readonly access: Access | undefined;
  readonly hosts: Doubts['hosts'];
};

/** undefined where a list may say more than could be understood: then nobody may have the service. */
const readList = (
  name: Word,
  attributes: Attributes,
  attribute: 'only_from' | 'no_access',
  inherited: AccessList | undefined,
  isWhole: boolean,
  notes: Notes,
): AccessList | undefined => {
  const list = readAccessList(attributes.all(attribute), inherited, notes);
  if (list !== undefined && list.broken === inherited?.broken && list.broken !== undefined) {
    notes.error(
      name,
      `service '${name.text}' is off: it inherits ${attribute} of defaults, which is not understood at ${placeOf(list.broken)}`,
      `mend it, or write ${attribute} = in the service`,
    );
  }
  const [unknowable] = isWhole ? (list?.names ?? []).filter(({ pattern }) => !isLocalhost(pattern)) : [];
  if (unknowable !== undefined) {
    notes.error(
      name,
      `the names of clients cannot be known where a server waits, so '${unknowable.word.text}' of ${attribute} (${placeOf(unknowable.word)}) cannot be applied`,
      'write addresses and networks',
    );
  }
  return list;
};

const isLocalhost = (pattern: ClientPattern): boolean =>
  pattern.kind === 'host' && pattern.name === 'localhost';

const loopback: readonly ClientPattern[] = [
  { kind: 'network', network: { version: 4, address: '127.0.0.1', prefix: 32 } },
  { kind: 'network', network: { version: 6, address: '::1', prefix: 128 } },
];

/** Where names cannot be known there is one whose addresses are. */
const patternsOf = (list: AccessList, isWhole: boolean): readonly ClientPattern[] =>
  isWhole && list.names.length > 0
    ? list.patterns.flatMap((pattern) => (isLocalhost(pattern) ? loopback : [pattern]))
    : list.patterns;

const hostsOf = (list: AccessList | undefined): Doubts['hosts'] =>
  (list?.names ?? []).flatMap(({ pattern, word }) =>
    pattern.kind === 'host' ? [{ name: pattern.name, mark: markWord(word) }] : [],
  );

export const readAccess = (
  name: Word,
  attributes: Attributes,
  defaults: Defaults,
  isWhole: boolean,
  wrapperName: string | undefined,
  notes: Notes,
): AccessReading => {
  const onlyFrom = readList(name, attributes, 'only_from', defaults.onlyFrom, isWhole, notes);
  const noAccess = readList(name, attributes, 'no_access', defaults.noAccess, isWhole, notes);
  // what defaults say on both lists is told there
  if (onlyFrom !== defaults.onlyFrom || noAccess !== defaults.noAccess) {
    warnOfOverlaps(onlyFrom, noAccess, notes);
  }
  const times = readAccessTimes(attributes.values('access_times'), attributes.place('access_times'), notes);
  const maxLoad =
    attributes.one('max_load') === undefined ? defaults.maxLoad : readMaxLoad(attributes, notes);
  const hasRules =
    onlyFrom !== undefined ||
    (noAccess?.patterns.length ?? 0) > 0 ||
    times.length > 0 ||
    maxLoad !== undefined ||
    wrapperName !== undefined;
  return {
    access: hasRules
      ? {
          onlyFrom: onlyFrom && patternsOf(onlyFrom, isWhole),
          noAccess: noAccess === undefined ? [] : patternsOf(noAccess, isWhole),
          times,
          maxLoad,
          wrapperName,
        }
      : undefined,
    hosts: isWhole ? [] : [...hostsOf(onlyFrom), ...hostsOf(noAccess)],
  };
};
