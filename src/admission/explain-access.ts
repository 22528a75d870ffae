// Which entry of an access list decides on a client: the verdict of access-list.ts, entry by entry and in words.
import { type ClientPattern, showClientPattern } from '../model/access.ts';
import type { Admission } from '../model/control.ts';
import { showAddressBytes } from '../model/network.ts';
import { type ConnectionRecord, isInternet, remoteBytes } from '../model/record.ts';
import { networksOf } from './access-list.ts';
import { addressSetOf, boundsOf, holdsClient } from './address-set.ts';
import type { Facts, Question } from './facts.ts';
import type { Rules } from './judge.ts';

export type Step = Admission['steps'][number];

export const passes = (test: string, why: string): Step => ({ test, result: 'passes', why });
export const refuses = (test: string, why: string): Step => ({ test, result: 'refuses', why });
export const isUnknown = (test: string, why: string): Step => ({ test, result: 'unknown', why });

/** What is known of a client when the lists are read. */
type Known = {
  readonly record: ConnectionRecord;
  readonly client: string;
  readonly facts: Facts;
  readonly unanswered: readonly Question[];
};

type Match = { readonly is: 'yes' | 'no' | 'open'; readonly why: string };

/** What nobody could answer counts as `ifUnanswered`. */
const matchOne = (pattern: ClientPattern, known: Known, ifUnanswered: 'yes' | 'no'): Match => {
  const { record, client, facts, unanswered } = known;
  switch (pattern.kind) {
    case 'network': {
      const isIn = holdsClient(addressSetOf(boundsOf([pattern.network])), record);
      return { is: isIn ? 'yes' : 'no', why: `${client} is ${isIn ? '' : 'not '}in it` };
    }
    case 'domain': {
      if (facts.name === undefined) {
        if (unanswered.some(({ kind }) => kind === 'name'))
          return { is: ifUnanswered, why: `nobody says what ${client} is called` };
        return { is: 'open', why: `it is to be asked what ${client} is called` };
      }
      if (facts.name === null)
        return { is: 'no', why: `${client} has no ${facts.isParanoid ? 'name that is true' : 'name'}` };
      return { is: facts.name.endsWith(pattern.suffix) ? 'yes' : 'no', why: `${client} is ${facts.name}` };
    }
    case 'host': {
      const addresses = facts.addresses.get(pattern.name);
      if (addresses === undefined) {
        const isSilent = unanswered.some((each) => each.kind === 'addresses' && each.of === pattern.name);
        return isSilent
          ? { is: ifUnanswered, why: `nobody says what addresses ${pattern.name} has` }
          : { is: 'open', why: `it is to be asked what addresses ${pattern.name} has` };
      }
      if (addresses.includes(client)) return { is: 'yes', why: `${client} is one of its addresses` };
      // nobody knows whom a name without an address means, so it may be anybody
      if (addresses.length === 0) return { is: ifUnanswered, why: 'it has no address, so it may be anybody' };
      return { is: 'no', why: `${client} is none of its addresses` };
    }
  }
};

type ListMatch = Match & { readonly pattern: ClientPattern | undefined };

const matchList = (
  patterns: readonly ClientPattern[],
  known: Known,
  ifUnanswered: 'yes' | 'no',
): ListMatch => {
  // of thousands of networks only those that matter are looked at one by one
  const hasNetwork = holdsClient(addressSetOf(boundsOf(networksOf(patterns))), known.record);
  let open: ListMatch | undefined;
  for (const pattern of patterns) {
    if (pattern.kind === 'network' && !hasNetwork) continue;
    const match = matchOne(pattern, known, ifUnanswered);
    if (match.is === 'yes') return { ...match, pattern };
    if (match.is === 'open') open ??= { ...match, pattern };
  }
  if (open !== undefined) return open;
  const count = patterns.length;
  const why =
    count === 0
      ? 'it is empty, which is nobody'
      : `${known.client} is none of its ${count} ${count === 1 ? 'entry' : 'entries'}`;
  return { is: 'no', why, pattern: undefined };
};

/** `where`: of the service, behind each entry. They decide together as judgeAccess() does: one that refuses is enough. */
export const explainAccess = (
  { access: { onlyFrom, noAccess } }: Rules,
  record: ConnectionRecord,
  facts: Facts & { readonly unanswered: readonly Question[] },
  where: string,
): readonly Step[] => {
  const bytes = remoteBytes(record);
  if (!isInternet(record) || bytes === undefined)
    return [passes('access lists', 'they are about clients with an internet address')];
  const known: Known = { record, client: showAddressBytes(bytes), facts, unanswered: facts.unanswered };
  const name = (list: string, { pattern }: ListMatch): string =>
    `${list}${pattern === undefined ? '' : ` ${showClientPattern(pattern)}`} (${where})`;
  const steps: Step[] = [];
  if (noAccess.length > 0) {
    const kept = matchList(noAccess, known, 'yes');
    const test = name('no_access', kept);
    if (kept.is === 'yes') return [refuses(test, kept.why)];
    steps.push(kept.is === 'open' ? isUnknown(test, kept.why) : passes(test, kept.why));
  }
  if (onlyFrom !== undefined) {
    const listed = matchList(onlyFrom, known, 'no');
    const test = name('only_from', listed);
    if (listed.is === 'no') return [...steps, refuses(test, listed.why)];
    steps.push(listed.is === 'open' ? isUnknown(test, listed.why) : passes(test, listed.why));
  }
  return steps;
};
