// Latencies gathered in an HDR histogram: three significant figures from a nanosecond to an hour, in constant memory.
import { createHistogram } from 'node:perf_hooks';
import type { Distribution } from './result.ts';

const longest = 3_600_000_000_000;

/** 0, the first half in steps of five, then eight points for each further nine: as far as the count can tell. */
const curvePercentiles = (count: number): readonly number[] => {
  const body = Array.from({ length: 10 }, (_, index) => index * 5);
  const tail: number[] = [];
  for (let step = 2.5; 10 ** (step / 8) <= Math.max(count, 10); step += 0.5) {
    tail.push(100 * (1 - 10 ** (-step / 8)));
  }
  return [...body, ...tail, 100];
};

export type Gathering = ReturnType<typeof createDistribution>;

export const createDistribution = () => {
  const histogram = createHistogram({ lowest: 1, highest: longest, figures: 3 });
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let sum = 0;

  const record = (nanoseconds: number): void => {
    const value = Math.min(longest, Math.max(1, Math.round(nanoseconds)));
    histogram.record(value);
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  };

  /** Microseconds; the histogram's rounding never leads out of what was recorded. */
  const percentile = (share: number): number => {
    if (histogram.count === 0) return 0;
    if (share <= 0) return least / 1000;
    if (share >= 100) return most / 1000;
    return Math.min(most, Math.max(least, histogram.percentile(share))) / 1000;
  };

  const read = (): Distribution => {
    const { count } = histogram;
    return {
      count,
      least: count === 0 ? 0 : least / 1000,
      mean: count === 0 ? 0 : sum / count / 1000,
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      p99_9: percentile(99.9),
      most: most / 1000,
      curve: count === 0 ? [] : curvePercentiles(count).map((share) => [share, percentile(share)]),
    };
  };

  /** Forgets everything. */
  const reset = (): void => {
    histogram.reset();
    least = Number.POSITIVE_INFINITY;
    most = 0;
    sum = 0;
  };

  return { record, percentile, read, reset, count: () => histogram.count };
};
