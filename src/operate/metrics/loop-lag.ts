// How late the event loop is, measured only while metrics are on.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../model/clock.ts';
import { milliseconds } from '../../model/quantity.ts';

export type LoopLag = {
  /** Of the last ten seconds or more; seconds. */
  readonly read: () => {
    readonly quantiles: readonly (readonly [string, number])[];
    readonly sum: number;
    readonly count: number;
  };
  readonly stop: () => void;
};

/** Milliseconds between two looks: what is measured contains it. Oftener would keep an idle machine awake. */
const pause = 50;
/** Several scrapers see the same, nearly. */
const oldest = milliseconds(10_000);
const shares = [0.5, 0.9, 0.99, 1];

export const createLoopLag = (clock: Clock): LoopLag => {
  const delays = monitorEventLoopDelay({ resolution: pause });
  delays.enable();
  let since = clock.now();
  let [sum, count] = [0, 0];
  const lateness = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - pause / 1_000);
  return {
    read: () => {
      const quantiles = shares.map(
        (share) =>
          [`${share}`, delays.count === 0 ? Number.NaN : lateness(delays.percentile(share * 100))] as const,
      );
      const [newSum, newCount] = [
        delays.count === 0 ? 0 : lateness(delays.mean) * delays.count,
        delays.count,
      ];
      const found = { quantiles, sum: sum + newSum, count: count + newCount };
      if (clock.now() - since >= oldest) {
        [since, sum, count] = [clock.now(), found.sum, found.count];
        delays.reset();
      }
      return found;
    },
    stop: () => {
      delays.disable();
    },
  };
};
