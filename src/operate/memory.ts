// An idle server gives memory back: once, some seconds after the last thing that happened. No timer runs in between.
import type { Clock } from '../model/clock.ts';
import type { Event, Observer } from '../model/event.ts';
import { milliseconds } from '../model/quantity.ts';

const quiet = milliseconds(10_000);

/** Things that make memory worth trimming. */
const isWork = (kind: Event['kind']): boolean =>
  kind === 'applied' || kind === 'exited' || kind === 'builtin-ended';

export const createTrimmer = (clock: Clock, trim: () => void): Observer => {
  let hasWorked = false;
  let isWaiting = false;
  const wait = (): void => {
    isWaiting = true;
    hasWorked = false;
    clock.after(quiet, () => {
      if (hasWorked) return wait();
      isWaiting = false;
      trim();
    });
  };
  return {
    isWanted: isWork,
    observe: ({ kind }) => {
      if (!isWork(kind)) return;
      hasWorked = true;
      if (!isWaiting) wait();
    },
  };
};

/** Several observers as one. Each gets what any of them wants, and ignores the rest. */
export const observers = (all: readonly Observer[]): Observer => ({
  isWanted: (kind) => all.some((each) => each.isWanted(kind)),
  observe: (event) => {
    for (const each of all) each.observe(event);
  },
});
