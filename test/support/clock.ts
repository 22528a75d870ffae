// A clock that a test drives: nothing happens until it is moved on.
import type { Clock } from '../../src/model/clock.ts';
import { type Milliseconds, milliseconds } from '../../src/model/quantity.ts';

export type TestClock = Clock & {
  /** Moves on, calling what becomes due, in its order. */
  readonly advance: (by: number) => void;
  /** How many calls are waited for. */
  readonly waiting: () => number;
};

/** `date` is the time of day, which stands still; without it it moves with the rest. */
export const createTestClock = (start = 1_000, date?: Date): TestClock => {
  let now = start;
  let calls: { readonly at: number; readonly call: () => void }[] = [];
  return {
    now: () => milliseconds(now),
    wallClock: () => date ?? new Date(Date.UTC(2026, 0, 1) + now),
    after: (delay: Milliseconds, call: () => void) => {
      const entry = { at: now + delay, call };
      calls.push(entry);
      return () => {
        calls = calls.filter((each) => each !== entry);
      };
    },
    advance: (by) => {
      const end = now + by;
      for (;;) {
        const [next] = calls.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
        if (next === undefined) break;
        calls = calls.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.call();
      }
      now = end;
    },
    waiting: () => calls.length,
  };
};
