// Access lists of services whose clients acceptd never sees: as a program with which the kernel keeps others out.
//
// A whole-socket service gets the socket itself, so nobody could refuse a client before it is served. The program (classic
// BPF, linux/filter.h) reads the source from the packet's network header. Whom it does not let through gets no answer.
import type { Access } from '../model/access.ts';
import { hostNetwork, parseAddress } from '../model/network.ts';
import { networksOf } from './access-list.ts';
import { type AddressBounds, type Bounds, boundsOf, boundsWithout, everyAddress } from './address-set.ts';
import type { Facts, Question } from './facts.ts';
import { createProgram, type Place, type Program } from './filter-program.ts';

export type SourceFilter =
  /** Everybody may come: the socket has no filter. */
  | { readonly kind: 'none' }
  | { readonly kind: 'program'; readonly program: Uint8Array }
  /** No program can say it: nobody may be let in. */
  | { readonly kind: 'impossible'; readonly why: string };

/** What is done with addresses, by one word of them and then the next. */
type Decision = 'allow' | 'deny' | { readonly word: number; readonly steps: readonly Step[] };
/** From this value of the word on, up to the next step; the first is from 0 on. */
type Step = { readonly from: number; readonly then: Decision };

const decide = (isIn: boolean): Decision => (isIn ? 'allow' : 'deny');

/** Bounds of `words` words from `word` on. `isIn` is what is below the first. */
const stepsOf = (bounds: Bounds<bigint>, word: number, words: number, isIn: boolean): Decision => {
  if (bounds.length === 0) return decide(isIn);
  const shift = BigInt(32 * (words - word - 1));
  const steps: Step[] = [];
  let inside = isIn;
  const enter = (from: number, then: Decision): void => {
    if (steps.at(-1)?.from === from) steps.pop();
    if (steps.at(-1)?.then !== then) steps.push({ from, then });
  };
  enter(0, decide(inside));
  for (let index = 0; index < bounds.length; ) {
    const value = (bounds[index] ?? 0n) >> shift;
    let end = index;
    while (end < bounds.length && (bounds[end] ?? 0n) >> shift === value) end++;
    const rest = bounds.slice(index, end).map((bound) => bound - (value << shift));
    const isWhole = rest[0] === 0n;
    if (isWhole) inside = !inside;
    const inner = isWhole ? rest.slice(1) : rest;
    enter(Number(value), stepsOf(inner, word + 1, words, inside));
    if (inner.length % 2 === 1) inside = !inside;
    if (inner.length > 0 && value < 0xffff_ffffn) enter(Number(value) + 1, decide(inside));
    index = end;
  }
  return steps.length === 1 ? (steps[0]?.then ?? 'deny') : { word, steps };
};

// --- From decisions to instructions; `offset` is where the source begins in the network header ---

const emit = (program: Program, decision: Decision, offset: number): Place => {
  if (typeof decision === 'string') return decision;
  return program.load(offset + decision.word * 4, emitSteps(program, decision.steps, offset));
};

const emitSteps = (program: Program, steps: readonly Step[], offset: number): Place => {
  const [first, second, third] = steps;
  if (first === undefined || second === undefined) return emit(program, first?.then ?? 'deny', offset);
  // a single value needs one comparison instead of two
  if (steps.length === 3 && third?.from === second.from + 1 && third.then === first.then) {
    const target = emit(program, second.then, offset);
    return program.jump('equal', second.from, target, emit(program, first.then, offset));
  }
  const middle = steps.length >> 1;
  const above = emitSteps(program, steps.slice(middle), offset);
  const below = emitSteps(program, steps.slice(0, middle), offset);
  return program.jump('at least', steps[middle]?.from ?? 0, above, below);
};

const versionOffset = 0;
const sourceOffset = { v4: 12, v6: 8 };

/** Both families: a dual-stack socket sees packets of both. */
const assemble = ({ v4, v6 }: AddressBounds): Uint8Array | undefined => {
  const program = createProgram();
  const six = emit(program, stepsOf(v6, 0, 4, false), sourceOffset.v6);
  const four = emit(program, stepsOf(v4.map(BigInt), 0, 1, false), sourceOffset.v4);
  const orSix = program.jump('equal', 6, six, 'deny');
  program.loadHighNibble(versionOffset, program.jump('equal', 4, four, orSix));
  return program.finish();
};

/**
 * The filter of a service's sockets; made once a load. Hosts are where their names have addresses now; a question where
 * those are not known yet.
 */
export const compileSourceFilter = (access: Access, facts: Facts): SourceFilter | Question => {
  const { onlyFrom, noAccess } = access;
  const patterns = [...(onlyFrom ?? []), ...noAccess];
  const domain = patterns.find((pattern) => pattern.kind === 'domain');
  if (domain?.kind === 'domain') {
    const why = `whose name ends in ${domain.suffix} cannot be told by the kernel, and the clients of a service that gets the socket itself are seen by nobody else`;
    return { kind: 'impossible', why };
  }
  for (const pattern of patterns) {
    if (pattern.kind === 'host' && !facts.addresses.has(pattern.name))
      return { kind: 'addresses', of: pattern.name };
  }
  const boundsOfList = (list: Access['noAccess']): AddressBounds => {
    const texts = list.flatMap((pattern) =>
      pattern.kind === 'host' ? (facts.addresses.get(pattern.name) ?? []) : [],
    );
    const hosts = texts.flatMap((text) => {
      const bytes = parseAddress(text);
      return bytes === undefined ? [] : [hostNetwork(bytes)];
    });
    return boundsOf([...networksOf(list), ...hosts]);
  };
  // nobody knows whom a name without an address means, so it may be anybody
  const mayBeAnybody = noAccess.some(
    (pattern) => pattern.kind === 'host' && facts.addresses.get(pattern.name)?.length === 0,
  );
  const wanted = onlyFrom === undefined ? everyAddress : boundsOfList(onlyFrom);
  const allowed = mayBeAnybody ? boundsOf([]) : boundsWithout(wanted, boundsOfList(noAccess));
  if (isEverybody(allowed)) return { kind: 'none' };
  const program = assemble(allowed);
  const count = allowed.v4.length + allowed.v6.length;
  const why = `the kernel takes no filter as long as these lists need, with ${count} places at which one range ends and another begins`;
  return program === undefined ? { kind: 'impossible', why } : { kind: 'program', program };
};

const isEverybody = ({ v4, v6 }: AddressBounds): boolean =>
  v4.length === 1 && v4[0] === 0 && v6.length === 1 && v6[0] === 0n;
