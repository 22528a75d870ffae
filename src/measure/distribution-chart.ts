// A latency's distribution drawn in characters: how many connections took how long, on a logarithmic scale.
import { timeUnit } from './figures.ts';
import type { Look } from './layout.ts';
import type { Distribution, Microseconds } from './result.ts';

const mostRows = 12;
const leastRatio = 1.02; // from one bound to the next; finer steps would tell of the histogram and not of the server

/** Bounds from the least to the most, each the same factor above the last. */
const boundsOf = (least: Microseconds, most: Microseconds): readonly Microseconds[] => {
  const from = Math.max(least, 0.001);
  const rows = Math.max(1, Math.min(mostRows, Math.floor(Math.log(most / from) / Math.log(leastRatio))));
  return Array.from({ length: rows + 1 }, (_, index) =>
    index === rows ? most : from * (most / from) ** (index / rows),
  );
};

/** Percent of the connections that took at most so long, between the points of the curve by straight lines. */
export const percentBelow = (curve: Distribution['curve'], time: Microseconds): number => {
  let [before, reached]: readonly [number, Microseconds] = [0, curve[0]?.[1] ?? 0];
  if (time < reached) return 0;
  for (const [percentile, value] of curve) {
    if (value > time) return before + ((percentile - before) * (time - reached)) / (value - reached);
    [before, reached] = [percentile, value];
  }
  return 100;
};

export type Bucket = { readonly from: Microseconds; readonly to: Microseconds; readonly percent: number };

export const bucketsOf = (distribution: Distribution): readonly Bucket[] => {
  const bounds = boundsOf(distribution.least, distribution.most);
  const below = bounds.map((bound, index) => {
    if (index === 0) return 0;
    return index === bounds.length - 1 ? 100 : percentBelow(distribution.curve, bound);
  });
  return bounds.slice(1).map((to, index) => ({
    from: bounds[index] ?? 0,
    to,
    percent: (below[index + 1] ?? 0) - (below[index] ?? 0),
  }));
};

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A bar of a share of the width; whatever is not nothing is seen. */
const bar = (share: number, width: number, isUnicode: boolean): string => {
  if (share <= 0) return '';
  if (!isUnicode) return '#'.repeat(Math.round(share * width)) || '.';
  const parts = Math.max(1, Math.round(share * width * 8));
  return `${'█'.repeat(Math.floor(parts / 8))}${eighths[parts % 8] ?? ''}`;
};

const showPercent = (percent: number): string =>
  percent <= 0 ? '' : percent < 0.01 ? '< 0.01 %' : `${percent.toFixed(2)} %`;

const widestBar = 50;

/** One line for each step; none where nothing was counted. */
export const renderDistribution = (distribution: Distribution, look: Look): readonly string[] => {
  if (distribution.count === 0) return [];
  const buckets = bucketsOf(distribution);
  const unit = timeUnit([...buckets.map(({ to }) => to), distribution.least], look.isUnicode);
  const bounds = buckets.map(({ from, to }) => [unit.show(from), unit.show(to)] as const);
  const room = Math.max(...bounds.flat().map((bound) => bound.length));
  const labels = bounds.map(
    ([from, to]) => `${from.padStart(room)} ${look.isUnicode ? '–' : '-'} ${to.padStart(room)} ${unit.name}`,
  );
  const shares = buckets.map(({ percent }) => showPercent(percent).padStart(8));
  const width = Math.max(8, Math.min(widestBar, look.width - (labels[0]?.length ?? 0) - 8 - 4));
  const highest = Math.max(...buckets.map(({ percent }) => percent));
  return buckets.map(({ percent }, index) =>
    `${labels[index]}  ${shares[index]}  ${bar(percent / highest, width, look.isUnicode)}`.trimEnd(),
  );
};
