// Latencies as HDR histograms: recorded one by one, read as the shape that results have.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Distribution } from './result.ts';

const longest = 3_600_000_000_000;
const microseconds = (nanoseconds: number): number => nanoseconds / 1000;

/** Whole percents, and beyond 99 ever closer to 100. */
const percentiles = [
  ...Array.from({ length: 99 }, (_, index) => index + 1),
  ...[99.5, 99.9, 99.95, 99.99, 99.995, 99.999],
];

const nothing: Distribution = {
  count: 0,
  least: 0,
  mean: 0,
  p50: 0,
  p90: 0,
  p99: 0,
  p99_9: 0,
  most: 0,
  curve: [],
};

export const distributionOf = (histogram: RecordableHistogram): Distribution => {
  const { count, min, max, mean } = histogram;
  if (count === 0) return nothing;
  const at = (percentile: number): number => microseconds(histogram.percentile(percentile));
  return {
    count,
    least: microseconds(min),
    mean: microseconds(mean),
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    most: microseconds(max),
    curve: [
      [0, microseconds(min)],
      ...percentiles.map((percentile) => [percentile, at(percentile)] as const),
      [100, microseconds(max)],
    ],
  };
};

/** Values below a nanosecond count as one, longer ones than an hour as an hour. */
export const createDistribution = () => {
  const histogram = createHistogram({ lowest: 1, highest: longest, figures: 3 });
  return {
    record: (nanoseconds: number): void =>
      histogram.record(Math.min(longest, Math.max(1, Math.round(nanoseconds)))),
    read: (): Distribution => distributionOf(histogram),
  };
};
