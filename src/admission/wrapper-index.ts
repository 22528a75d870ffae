// Finds the first rule of a table that matches, in tables of thousands of rules too: most rules name one address.
import type { HostPattern, WrapperRule, WrapperTable } from '../model/wrapper-rules.ts';
import { createHostIndex, type HostIndex, isIndexed } from './host-index.ts';
import { type Match, matchDaemon, matchRule, type Party } from './wrapper-match.ts';

/** The rules of a table that can match one daemon; numbers are places in the table. */
type DaemonRules = {
  /** Rules that depend on the client's address alone. */
  readonly indexed: HostIndex<number>;
  /** The others, in order. */
  readonly others: readonly number[];
};

const isByAddress = (rule: WrapperRule): boolean =>
  rule.clients.except === undefined &&
  rule.clients.items.every(({ user, host }) => user === undefined && isIndexed(host));

const rulesFor = (rules: readonly WrapperRule[], daemon: string): DaemonRules => {
  const entries: (readonly [HostPattern, number])[] = [];
  const others: number[] = [];
  for (const [place, rule] of rules.entries()) {
    const isMeant = matchDaemon(rule, daemon);
    if (isMeant === false) continue;
    if (isMeant === undefined || !isByAddress(rule)) others.push(place);
    else for (const { host } of rule.clients.items) entries.push([host, place]);
  }
  return { indexed: createHostIndex(entries), others };
};

/** Made for the first client of each daemon; gone with the table. */
const known = new WeakMap<WrapperTable, Map<string, DaemonRules>>();

const daemonRules = (table: WrapperTable, daemon: string): DaemonRules => {
  const ofTable = known.get(table) ?? new Map<string, DaemonRules>();
  known.set(table, ofTable);
  const found = ofTable.get(daemon) ?? rulesFor(table.rules, daemon);
  ofTable.set(daemon, found);
  return found;
};

/** The first rule that matches, or that may match: then what has to be asked; undefined where none does. */
export const firstMatch = (
  table: WrapperTable,
  party: Party,
): { readonly rule: WrapperRule; readonly match: Exclude<Match, false> } | undefined => {
  const { indexed, others } = daemonRules(table, party.daemon);
  const { bytes, address } = party.client;
  let first = table.rules.length;
  if (bytes !== undefined) {
    indexed.find(bytes, address, (place) => {
      if (place < first) first = place;
    });
  }
  for (const place of others) {
    if (place > first) break;
    const rule = table.rules[place];
    const match = rule !== undefined && matchRule(rule, party);
    if (rule !== undefined && match !== false) return { rule, match };
  }
  const rule = table.rules[first];
  return rule && { rule, match: true };
};
