// Who waits for a daemon to be up, or to have reloaded: each hears once what came of it, and never within its own call.
import type { Failure } from '../../model/event.ts';

export type Outcome = (failure: Failure | undefined) => void;

/** A wish as a promise; it never rejects. */
export const promiseOf = (wish: (onDone: Outcome) => void): Promise<Failure | undefined> => new Promise(wish);

export const createWishes = () => {
  const wishes = new Set<Outcome>();

  const settle = (failure: Failure | undefined): void => {
    const all = [...wishes];
    wishes.clear();
    for (const each of all) each(failure);
  };

  return {
    /** What it gives takes the wish back. */
    add: (onDone: Outcome): (() => void) => {
      // the same function may be wished with twice
      const wish: Outcome = (failure) => onDone(failure);
      wishes.add(wish);
      return () => void wishes.delete(wish);
    },
    fulfil: (): void => settle(undefined),
    reject: (failure: Failure): void => settle(failure),
    count: (): number => wishes.size,
  };
};

export type Wishes = ReturnType<typeof createWishes>;
