// Who is on a service's lists: verdicts from addresses, and from names where addresses do not decide.
import type { Access, ClientPattern } from '../model/access.ts';
import type { Network } from '../model/network.ts';
import { showAddressBytes } from '../model/network.ts';
import { type ConnectionRecord, isInternet, remoteBytes } from '../model/record.ts';
import { type AddressSet, addressSetOf, boundsOf, holdsClient } from './address-set.ts';
import type { Facts, Question } from './facts.ts';

type CompiledList = {
  readonly networks: AddressSet;
  readonly hosts: readonly string[];
  readonly suffixes: ReadonlySet<string>;
  readonly hasNames: boolean;
};

/** An access list ready for use; made once a load. */
export type CompiledAccess = {
  readonly onlyFrom: CompiledList | undefined;
  readonly noAccess: CompiledList;
  /** The host names of both lists: their addresses are the same for all clients, so they can be asked for ahead. */
  readonly hostNames: readonly string[];
};

export const networksOf = (patterns: readonly ClientPattern[]): readonly Network[] =>
  patterns.flatMap((pattern) => (pattern.kind === 'network' ? [pattern.network] : []));

const compileList = (patterns: readonly ClientPattern[]): CompiledList => {
  const hosts = new Set(patterns.flatMap((pattern) => (pattern.kind === 'host' ? [pattern.name] : [])));
  const suffixes = new Set(
    patterns.flatMap((pattern) => (pattern.kind === 'domain' ? [pattern.suffix] : [])),
  );
  return {
    networks: addressSetOf(boundsOf(networksOf(patterns))),
    hosts: [...hosts],
    suffixes,
    hasNames: hosts.size + suffixes.size > 0,
  };
};

export const compileAccess = ({ onlyFrom, noAccess }: Access): CompiledAccess => {
  const lists = {
    onlyFrom: onlyFrom === undefined ? undefined : compileList(onlyFrom),
    noAccess: compileList(noAccess),
  };
  const hostNames = new Set([...(lists.onlyFrom?.hosts ?? []), ...lists.noAccess.hosts]);
  return { ...lists, hostNames: [...hostNames] };
};

/** Suffixes begin with a dot, so only the parts from each dot on can be one. */
const endsInOne = (name: string, suffixes: ReadonlySet<string>): boolean => {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (suffixes.has(name.slice(dot))) return true;
  }
  return false;
};

const isSame = (one: Question, other: Question): boolean =>
  one.kind === other.kind && (one.kind !== 'addresses' || other.kind !== 'addresses' || one.of === other.of);

const nameQuestion: Question = { kind: 'name' };

/**
 * Whether the client's name or one of a host's addresses is on the list; a question while that is open. What nobody
 * could answer counts as `ifUnanswered`.
 */
const matchNames = (
  list: CompiledList,
  record: ConnectionRecord,
  facts: Facts,
  unanswered: readonly Question[],
  ifUnanswered: 'yes' | 'no',
): 'yes' | 'no' | Question => {
  const open: Question[] = [];
  if (list.suffixes.size > 0) {
    if (facts.name === undefined) open.push(nameQuestion);
    else if (facts.name !== null && endsInOne(facts.name, list.suffixes)) return 'yes';
  }
  if (list.hosts.length > 0) {
    const client = showAddressBytes(remoteBytes(record) ?? new Uint8Array(4));
    for (const host of list.hosts) {
      const addresses = facts.addresses.get(host);
      if (addresses === undefined) open.push({ kind: 'addresses', of: host });
      else if (addresses.includes(client)) return 'yes';
      // nobody knows whom a name without an address means, so it may be anybody
      else if (addresses.length === 0 && ifUnanswered === 'yes') return 'yes';
    }
  }
  const left = open.filter((question) => !unanswered.some((each) => isSame(each, question)));
  if (ifUnanswered === 'yes' && left.length < open.length) return 'yes';
  // what is the same for all clients comes first: it is likely to be known next time
  return left.at(-1) ?? 'no';
};

/**
 * The verdict on a client, or a question whose answer can change it. On the list of those who are kept out means no,
 * whatever else; then the list of those who may come has to name the client, where there is one. Unix peers are no
 * subject of lists. A question that nobody could answer keeps the client out if its answer might have done so: ask
 * again with it in `unanswered`.
 */
export const judgeAccess = (
  { onlyFrom, noAccess }: CompiledAccess,
  record: ConnectionRecord,
  facts: Facts,
  unanswered: readonly Question[] = none,
): 'allow' | 'deny' | Question => {
  if (!isInternet(record)) return 'allow';
  if (holdsClient(noAccess.networks, record)) return 'deny';
  const isListed = onlyFrom === undefined || holdsClient(onlyFrom.networks, record);
  if (!isListed && !onlyFrom.hasNames) return 'deny';
  const kept = noAccess.hasNames ? matchNames(noAccess, record, facts, unanswered, 'yes') : 'no';
  if (kept === 'yes') return 'deny';
  const listed = isListed ? 'yes' : matchNames(onlyFrom, record, facts, unanswered, 'no');
  if (listed === 'no') return 'deny';
  if (listed !== 'yes') return listed;
  return kept === 'no' ? 'allow' : kept;
};

const none: readonly Question[] = [];
