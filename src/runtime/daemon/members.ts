// The processes of one run of a daemon, orphans included: who belongs to it, and signals that reach all of them.
import {
  childrenOf,
  factsOf,
  hasVariable,
  type KnownProcess,
  signalAll,
  treeOf,
} from '../../native/process-tree.ts';

/** Somebody who forks faster than we look is not followed for ever. */
const mostRounds = 16;

export type Members = ReturnType<typeof createMembers>;

/**
 * `mark` is a variable (`NAME=value`) that only this run's processes were started with; `isOthers` says of a child of ours
 * that it is somebody else's.
 */
export const createMembers = (mark: string, isOthers: (pid: number) => boolean) => {
  const known = new Map<number, KnownProcess>();

  const note = (process: KnownProcess): void => void known.set(process.pid, process);

  /** A process that we have started, or that is said to be of the run. */
  const add = (pid: number): void => {
    const facts = factsOf(pid);
    if (facts !== undefined) note({ pid, startTime: facts.startTime });
  };

  const isKnown = (pid: number, startTime: number): boolean => known.get(pid)?.startTime === startTime;

  /** An orphan has nobody who says whose it is: its session or its environment does. */
  const belongs = (pid: number): boolean => {
    // nothing is read of those, of whom there may be thousands
    if (!known.has(pid) && isOthers(pid)) return false;
    const facts = factsOf(pid);
    if (facts === undefined || facts.hasEnded) return false;
    if (isKnown(pid, facts.startTime)) return true;
    if (isOthers(pid)) return false;
    return known.has(facts.session) || hasVariable(pid, mark);
  };

  /** A child of ours that is of the run, and all that come from it. */
  const collect = (pid: number, living: Map<number, KnownProcess>): void => {
    if (!belongs(pid)) return;
    const facts = factsOf(pid);
    if (facts !== undefined) living.set(pid, facts);
    for (const each of treeOf(pid)) if (factsOf(each.pid)?.hasEnded === false) living.set(each.pid, each);
  };

  /** All that live now. Whose parent ends while we look becomes our child behind our back, so we look until nobody new comes. */
  const look = (): readonly KnownProcess[] => {
    const living = new Map<number, KnownProcess>();
    const seen = new Set<number>();
    const isAlive = (pid: number): boolean => factsOf(pid)?.hasEnded === false;
    for (let round = 0; round < mostRounds; round++) {
      const fresh = childrenOf(process.pid).filter((pid) => !seen.has(pid));
      if (fresh.length === 0) break;
      // whose child has come is over
      if (round > 0) for (const pid of [...living.keys()]) if (!isAlive(pid)) living.delete(pid);
      for (const pid of fresh) {
        seen.add(pid);
        collect(pid, living);
      }
    }
    for (const each of living.values()) note({ pid: each.pid, startTime: each.startTime });
    for (const pid of [...known.keys()]) if (!living.has(pid) && !isSession(pid)) known.delete(pid);
    return [...living.values()];
  };

  /** Whose session still has somebody in it; the number is not given to another process so long. */
  const isSession = (session: number): boolean =>
    [...known.keys()].some((pid) => pid !== session && factsOf(pid)?.session === session);

  const includes = (pid: number): boolean => look().some((each) => each.pid === pid);

  /** Everybody gets it once, those too who come into being meanwhile; but not whom `spares` names. How many have got it. */
  const signal = (number: number, spares: (pid: number) => boolean = () => false): number => {
    const told = new Set<number>();
    let count = 0;
    for (let round = 0; round < mostRounds; round++) {
      const fresh = look().filter(({ pid }) => !told.has(pid) && !spares(pid));
      if (fresh.length === 0) break;
      for (const { pid } of fresh) told.add(pid);
      count += signalAll(fresh, number);
    }
    return count;
  };

  const signalOne = (pid: number, number: number): void => {
    const one = known.get(pid);
    if (one !== undefined) signalAll([one], number);
  };

  return {
    add,
    look,
    includes,
    signal,
    signalOne,
    save: (): readonly KnownProcess[] => [...known.values()],
    restore: (saved: readonly KnownProcess[]): void => saved.forEach(note),
  };
};
