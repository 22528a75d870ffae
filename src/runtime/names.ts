// Names of clients and addresses of names: asked of the system's resolver outside the loop, remembered for a while.
import { lookup, lookupService } from 'node:dns/promises';
import type { Answer, Question } from '../admission/facts.ts';
import type { Clock } from '../model/clock.ts';
import { parseHostName } from '../model/host-name.ts';
import { hostNetwork, parseAddress, showAddressBytes } from '../model/network.ts';
import { milliseconds, seconds } from '../model/quantity.ts';
import { type ConnectionRecord, remoteBytes } from '../model/record.ts';
import { createBoundedWork } from './bounded-work.ts';
import { createInquiries, type Found } from './inquiries.ts';

export type NameQuestion = Exclude<Question, { readonly kind: 'user' }>;

/** How the system is asked; they reject with the codes of getaddrinfo(3) and getnameinfo(3), as node:dns does. */
export type Resolver = {
  readonly nameOf: (address: string) => Promise<string>;
  readonly addressesOf: (name: string) => Promise<readonly string[]>;
};

/** All that the system knows, /etc/hosts too. libuv lets such work have only half of its threads. */
const systemResolver: Resolver = {
  // any port will do
  nameOf: async (address) => (await lookupService(address, 0)).hostname,
  addressesOf: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
};

export type Names = {
  /** The answer without waiting, where there is one. */
  readonly known: (question: NameQuestion, record: ConnectionRecord) => Answer | undefined;
  /** Never rejects, and never takes longer than the deadline. */
  readonly ask: (question: NameQuestion, record: ConnectionRecord) => Promise<Answer>;
};

/** What the resolver says: its word, that there is none, or nothing; `crowded`: it was not asked. */
type Reply<Word> =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'none' | 'silence' | 'crowded' };

const deadline = seconds(5);
const keepWord = seconds(60);
const keepNone = seconds(10);
const rememberedAnswers = 4_096;
const lookupsAtOnce = 4;
const waitingLookups = 512;

const unanswered: Answer = { kind: 'unanswered' };
const noName: Answer = { kind: 'name', name: null, isParanoid: false };
const paranoid: Answer = { kind: 'name', name: null, isParanoid: true };
const named = (name: string): Answer => ({ kind: 'name', name, isParanoid: false });
const localhost = named('localhost');
const loopback: ReadonlyMap<string, readonly string[]> = new Map([['localhost', ['127.0.0.1', '::1']]]);
const isLoopback = (address: string): boolean => loopback.get('localhost')?.includes(address) ?? false;

/** Others mean that nobody knows now: a server that does not answer, a shortage of memory or descriptors. */
const noneCodes = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA', 'EAI_ADDRFAMILY']);
const isNone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && noneCodes.has(error.code);

/** An address as it is compared: mapped ones as IPv4, without the interface of a link-local one. */
const usualForm = (text: string): readonly string[] => {
  const bytes = parseAddress(text.replace(/%.*/, ''));
  return bytes === undefined ? [] : [hostNetwork(bytes).address];
};

export const createNames = ({
  clock,
  resolver = systemResolver,
}: {
  readonly clock: Clock;
  readonly resolver?: Resolver;
}): Names => {
  const work = createBoundedWork({
    clock,
    atOnce: lookupsAtOnce,
    waiting: waitingLookups,
    patience: deadline,
  });
  const options = { clock, capacity: rememberedAnswers, deadline };
  const names = createInquiries<Answer>({
    ...options,
    overdue: (address) => ({ value: isLoopback(address) ? localhost : unanswered, keep: keepNone }),
  });
  const addresses = createInquiries<Answer>({
    ...options,
    overdue: () => ({ value: unanswered, keep: keepNone }),
  });

  const lookUp = async <Word>(call: () => Promise<Word>): Promise<Reply<Word>> => {
    try {
      const word = await work.run(call);
      return word === undefined ? { kind: 'crowded' } : { kind: 'word', word };
    } catch (error) {
      return { kind: isNone(error) ? 'none' : 'silence' };
    }
  };

  /** Who was not asked is asked by the next client. */
  const failed = (kind: 'silence' | 'crowded'): Found<Answer> => ({
    value: unanswered,
    keep: kind === 'silence' ? keepNone : milliseconds(0),
  });

  const findAddresses = async (name: string): Promise<Found<Answer>> => {
    const reply = await lookUp(() => resolver.addressesOf(name));
    if (reply.kind === 'silence' || reply.kind === 'crowded') return failed(reply.kind);
    const found = reply.kind === 'word' ? [...new Set(reply.word.flatMap(usualForm))] : [];
    const value: Answer = { kind: 'addresses', of: name, addresses: found };
    return { value, keep: found.length > 0 ? keepWord : keepNone };
  };

  /** What is so without asking anybody: RFC 6761 for localhost. */
  const certain = (name: string): Answer | undefined => {
    const fixed = loopback.get(name);
    if (fixed !== undefined) return { kind: 'addresses', of: name, addresses: fixed };
    return parseHostName(name) === undefined ? { kind: 'addresses', of: name, addresses: [] } : undefined;
  };

  const askAddresses = (name: string): Promise<Answer> => {
    const answer = certain(name);
    if (answer !== undefined) return Promise.resolve(answer);
    return addresses.ask(name, () => findAddresses(name));
  };

  /** Anybody can call his addresses anything: only a name that has the address is one. */
  const findConfirmed = async (address: string): Promise<Found<Answer>> => {
    const reply = await lookUp(() => resolver.nameOf(address));
    if (reply.kind === 'silence' || reply.kind === 'crowded') return failed(reply.kind);
    const name = reply.kind === 'word' ? parseHostName(reply.word) : undefined;
    if (name === undefined) return { value: noName, keep: keepNone };
    const confirmation = await askAddresses(name);
    if (confirmation.kind !== 'addresses') return failed('silence');
    return confirmation.addresses.includes(address)
      ? { value: named(name), keep: keepWord }
      : { value: paranoid, keep: keepNone };
  };

  const findName = async (address: string): Promise<Found<Answer>> => {
    const found = await findConfirmed(address);
    const hasName = found.value.kind === 'name' && found.value.name !== null;
    if (hasName || !isLoopback(address)) return found;
    return { value: localhost, keep: keepWord };
  };

  const addressOf = (record: ConnectionRecord): string | undefined => {
    const bytes = remoteBytes(record);
    return bytes === undefined ? undefined : showAddressBytes(bytes);
  };

  return {
    known: (question, record) => {
      if (question.kind === 'addresses') return certain(question.of) ?? addresses.known(question.of);
      const address = addressOf(record);
      return address === undefined ? noName : names.known(address);
    },
    ask: (question, record) => {
      if (question.kind === 'addresses') return askAddresses(question.of);
      const address = addressOf(record);
      return address === undefined ? Promise.resolve(noName) : names.ask(address, () => findName(address));
    },
  };
};
