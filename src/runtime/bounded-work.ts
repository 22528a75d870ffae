// Slow work outside the loop: little of it at once, and whoever would wait too long for a turn is told so.
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/quantity.ts';

export type BoundedWorkOptions = {
  readonly clock: Clock;
  readonly atOnce: number;
  /** How many may wait for a turn. */
  readonly waiting: number;
  /** Whose turn comes later is nobody's any more. */
  readonly patience: Milliseconds;
};

export type BoundedWork = {
  /** What the work gives; undefined when it was never begun. */
  readonly run: <Result>(work: () => Promise<Result>) => Promise<Result | undefined>;
};

export const createBoundedWork = ({ clock, atOnce, waiting, patience }: BoundedWorkOptions): BoundedWork => {
  const queue: { readonly until: number; readonly begin: (isWanted: boolean) => void }[] = [];
  let running = 0;

  const next = (): void => {
    const now = clock.now();
    while (running < atOnce) {
      const first = queue.shift();
      if (first === undefined) return;
      const isWanted = now < first.until;
      if (isWanted) running += 1;
      first.begin(isWanted);
    }
  };

  return {
    run: (work) => {
      // whose time is over makes room: the queue is in the order of time
      while ((queue[0]?.until ?? Number.POSITIVE_INFINITY) <= clock.now()) queue.shift()?.begin(false);
      if (running >= atOnce && queue.length >= waiting) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        const begin = (isWanted: boolean): void => {
          if (!isWanted) {
            resolve(undefined);
            return;
          }
          work()
            .then(resolve, reject)
            .finally(() => {
              running -= 1;
              next();
            });
        };
        queue.push({ until: clock.now() + patience, begin });
        next();
      });
    },
  };
};
