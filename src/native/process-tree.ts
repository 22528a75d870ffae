// Processes that come from a process: children and their children, who they are, and signals that reach them or nobody.
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, openAddon } from './addon.ts';
import type { Kernel } from './kernel.ts';

const addon = openAddon<{
  becomeSubreaper(): number;
  findChildren(pid: number): readonly number[];
  findTree(pid: number): readonly number[];
  describeProcess(pid: number): number | readonly number[];
  hasVariable(pid: number, assignment: string): number;
  signalProcess(pid: number, startTime: number, signal: number): number;
  holdProcess(pid: number): number;
}>();

/** A process and never the next one with its number: pid and start time (clock ticks after the boot). */
export type KnownProcess = { readonly pid: number; readonly startTime: number };

export type ProcessFacts = KnownProcess & {
  readonly parent: number;
  readonly session: number;
  /** A zombie: nobody has asked yet how it ended. */
  readonly hasEnded: boolean;
};

/**
 * Orphans of our descendants become our children from here on (PR_SET_CHILD_SUBREAPER); the kernel's onEnded hears of them.
 * Nobody says whose they were: their session may, or a variable that they were started with, or that they were seen in a
 * tree before. Who has a new session, has written over its environment and forked between two looks is not told from
 * others; only a control group would tell him.
 */
export const becomeSubreaper = (): void => {
  demand('adopt orphans', addon.becomeSubreaper());
};

/**
 * Of our own process with one system call where there are none, and as a subreaper we have no descendant then either.
 * Otherwise a look costs up to 0.1 ms a process of the tree, lineOf() that for each parent. One that forks or ends
 * meanwhile may be missed: whoever wants all of them looks again until there is nothing new.
 */
export const childrenOf = (pid: number): readonly number[] => addon.findChildren(pid);

/** The process itself is not among them. */
export const treeOf = (pid: number): readonly KnownProcess[] => {
  const found = addon.findTree(pid);
  return Array.from({ length: found.length / 2 }, (_, index) => ({
    pid: found[index * 2] ?? 0,
    startTime: found[index * 2 + 1] ?? 0,
  }));
};

export const descendantsOf = (pid: number): readonly number[] => treeOf(pid).map((process) => process.pid);

/** undefined when there is no such process. */
export const factsOf = (pid: number): ProcessFacts | undefined => {
  const facts = addon.describeProcess(pid);
  if (typeof facts === 'number') return undefined;
  const [startTime = 0, parent = 0, session = 0, hasEnded = 0] = facts;
  return { pid, startTime, parent, session, hasEnded: hasEnded === 1 };
};

/** Longer chains of parents are nobody's. */
const deepest = 1024;

/** From the process itself up to the one that has no parent here; empty when there is no such process. */
export const lineOf = (pid: number): readonly ProcessFacts[] => {
  const line: ProcessFacts[] = [];
  for (let next = pid; next > 0 && line.length < deepest; ) {
    const facts = factsOf(next);
    if (facts === undefined) break;
    line.push(facts);
    next = facts.parent;
  }
  return line;
};

/** A child, or a child's child and so on, that has not ended. */
export const isAliveDescendant = (pid: number, of: number): boolean => {
  const [first, ...above] = lineOf(pid);
  return first !== undefined && !first.hasEnded && above.some((each) => each.pid === of);
};

/** Whether it was started with `NAME=value`; false too where it has written over its environment, or we may not look. */
export const hasVariable = (pid: number, assignment: string): boolean =>
  addon.hasVariable(pid, assignment) === 1;

/** Through a pidfd; false when it is gone or not ours to signal. */
export const signalProcess = (known: KnownProcess, signal: number): boolean =>
  addon.signalProcess(known.pid, known.startTime, signal) === 0;

/** How many of them got it. */
export const signalAll = (processes: readonly KnownProcess[], signal: number): number =>
  processes.filter((each) => signalProcess(each, signal)).length;

/**
 * Calls `onEnded` once when this process ends, child of ours or not; of a child, the kernel's onEnded tells more. The
 * returned function takes the wish back. undefined when there is no such process any more.
 */
export const watchEnd = (
  kernel: Kernel,
  known: KnownProcess,
  onEnded: () => void,
): (() => void) | undefined => {
  const result = addon.holdProcess(known.pid);
  if (result < 0) return undefined;
  const held: Descriptor = kernel.raise(descriptorOf(result));
  const facts = factsOf(known.pid);
  if (facts === undefined || facts.startTime !== known.startTime || facts.hasEnded) {
    kernel.close(held);
    return undefined;
  }
  let isOver = false;
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    kernel.close(held);
  };
  kernel.watch(held, () => {
    finish();
    onEnded();
  });
  return finish;
};
