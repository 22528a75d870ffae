// Does a rule of hosts_access(5) match? Yes, no, or not to be told before something has been asked: what cannot change the
// answer is not asked.
import type {
  HostPattern,
  PatternList,
  TextPattern,
  WrapperRule,
  WrapperServer,
} from '../model/wrapper-rules.ts';
import { createHostIndex, type HostIndex, isIndexed, matchNetwork4 } from './host-index.ts';
import { foldCase, matchText } from './text-pattern.ts';
import { netgroupKey, type WrapperFacts, type WrapperQuestion } from './wrapper-facts.ts';

/** `senseless`: it will never be known, because a word of the rule makes no sense. */
type Doubt = WrapperQuestion | { readonly kind: 'senseless' };
export type Match = boolean | Doubt;

/** What can still be asked comes first: the answer may make the rest not matter. */
const worse = (left: Doubt, right: Doubt): Doubt => (left.kind === 'senseless' ? right : left);

const anyOf = <Item>(items: readonly Item[], match: (item: Item) => Match): Match => {
  let doubt: Doubt | undefined;
  for (const item of items) {
    const found = match(item);
    if (found === true) return true;
    if (found !== false) doubt = doubt === undefined ? found : worse(doubt, found);
  }
  return doubt ?? false;
};

const both = (left: Match, right: () => Match): Match => {
  if (left === false) return false;
  const other = right();
  if (other === false || left === true) return other;
  return other === true ? left : worse(left, other);
};

const not = (match: Match): Match => (typeof match === 'boolean' ? !match : match);

const matchList = <Pattern>(list: PatternList<Pattern>, match: (pattern: Pattern) => Match): Match => {
  const { except } = list;
  const found = anyOf(list.items, match);
  return except === undefined ? found : both(found, () => not(matchList(except, match)));
};

/** One end of a connection. */
export type End = {
  /** undefined: not known; then its name is not known either. */
  readonly bytes: Uint8Array | undefined;
  readonly scope: number;
  readonly port: number;
  /** In lower case, or `unknown`. */
  readonly address: string;
  /** `unknown` and `paranoid` too, as libwrap has them; a question where nobody has asked yet. */
  readonly name: string | WrapperQuestion;
};

export type Party = {
  /** In lower case. */
  readonly daemon: string;
  readonly client: End;
  readonly server: End;
  readonly user: string | null | undefined;
  readonly facts: WrapperFacts;
  readonly files: ReadonlyMap<string, readonly HostPattern[] | 'unreadable'>;
};

const isNameKnown = (name: string): boolean => name !== 'unknown' && name !== 'paranoid';

const withName = (end: End, match: (name: string) => Match): Match =>
  typeof end.name === 'string' ? match(end.name) : end.name;

const isInNetwork = (bytes: Uint8Array, network: Uint8Array, prefix: number): boolean => {
  const whole = prefix >> 3;
  for (let index = 0; index < whole; index++) if (bytes[index] !== network[index]) return false;
  const rest = prefix & 7;
  return rest === 0 || ((bytes[whole] ?? 0) ^ (network[whole] ?? 0)) >> (8 - rest) === 0;
};

/** Pattern files may be long. */
const known = new WeakMap<
  readonly HostPattern[],
  { readonly index: HostIndex<true>; readonly others: readonly HostPattern[] }
>();

const matchPatterns = (
  patterns: readonly HostPattern[],
  end: End,
  match: (pattern: HostPattern) => Match,
): Match => {
  const compiled = known.get(patterns) ?? {
    index: createHostIndex(patterns.filter(isIndexed).map((pattern) => [pattern, true] as const)),
    others: patterns.filter((pattern) => !isIndexed(pattern)),
  };
  known.set(patterns, compiled);
  let isFound = false;
  if (end.bytes !== undefined) {
    compiled.index.find(end.bytes, end.address, () => {
      isFound = true;
    });
  }
  return isFound || anyOf(compiled.others, match);
};

const matchHost = (pattern: HostPattern, end: End, party: Party, within: readonly string[]): Match => {
  const { bytes } = end;
  switch (pattern.kind) {
    case 'text':
      if (matchText(pattern.pattern, end.address)) return true;
      return pattern.isForNames && withName(end, (name) => matchText(pattern.pattern, name));
    case 'known-host':
      return end.address !== 'unknown' && withName(end, isNameKnown);
    case 'local':
      return withName(end, (name) => isNameKnown(name) && !name.includes('.'));
    case 'network4':
      return bytes !== undefined && matchNetwork4(bytes, pattern);
    case 'network6':
      if (bytes?.length !== 16) return false;
      if (pattern.scope !== undefined && pattern.scope !== 0 && pattern.scope !== end.scope) return false;
      return isInNetwork(bytes, pattern.bytes, pattern.prefix);
    case 'netgroup':
      return withName(end, (host) => {
        const { group } = pattern;
        return party.facts.netgroups.get(netgroupKey(group, host)) ?? { kind: 'netgroup', group, host };
      });
    case 'file': {
      const patterns = party.files.get(pattern.path);
      // one that is not there, and one that names itself, is empty
      if (patterns === undefined || within.includes(pattern.path)) return false;
      if (patterns === 'unreadable') return { kind: 'senseless' };
      return matchPatterns(patterns, end, (each) => matchHost(each, end, party, [...within, pattern.path]));
    }
    case 'nobody':
      return false;
    case 'senseless':
      return { kind: 'senseless' };
  }
};

const matchUser = (pattern: TextPattern | undefined, { user }: Party): Match => {
  if (pattern === undefined) return true;
  if (user === undefined) return { kind: 'user', patience: undefined };
  return matchText(pattern, user === null ? 'unknown' : foldCase(user));
};

const matchServer = ({ daemon, host }: WrapperServer, party: Party): Match => {
  const isDaemon =
    daemon.kind === 'port'
      ? party.server.bytes !== undefined && daemon.port === party.server.port
      : matchText(daemon, party.daemon);
  return isDaemon && (host === undefined || matchHost(host, party.server, party, []));
};

export const matchRule = (rule: WrapperRule, party: Party): Match =>
  both(
    matchList(rule.servers, (server) => matchServer(server, party)),
    () =>
      matchList(rule.clients, ({ user, host }) =>
        both(matchHost(host, party.client, party, []), () => matchUser(user, party)),
      ),
  );

/** Whether a rule is about a daemon; undefined where that depends on our end of the connection. */
export const matchDaemon = ({ servers }: WrapperRule, daemon: string): boolean | undefined => {
  let depends = false;
  const found = matchList(servers, ({ daemon: pattern, host }) => {
    if (pattern.kind === 'port' || host !== undefined) depends = true;
    return pattern.kind !== 'port' && matchText(pattern, daemon);
  });
  return depends ? undefined : found === true;
};
