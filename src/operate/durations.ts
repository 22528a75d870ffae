// How long things took, in buckets that grow by a constant factor: enough for every quantile and every histogram, in 1.3 KiB.

/** How long something took, in buckets that grow by a constant factor; seconds. */
export type Durations = {
  readonly count: () => number;
  readonly sum: () => number;
  /** 0 <= share <= 1; undefined while nothing was recorded. */
  readonly quantile: (share: number) => number | undefined;
  /** How many took at most so long. */
  readonly atMost: (seconds: number) => number;
};

/** Twenty buckets for a factor of ten: 12 % from one bound to the next, and 1, 2 and 5 of each decade are bounds. */
const perDecade = 20;
/** 50 microseconds; what took less is in the bucket below. */
const lowest = -86;
/** A little over an hour; what took longer is in the last bucket. */
const highest = 72;
const bucketCount = highest - lowest + 2;

/** Buckets, then their sum in seconds. An array of nothing else: a service has two, and thousands of services may be. */
export type DurationCounts = Float64Array & { readonly counts: unique symbol };

const sumAt = bucketCount;

export const createDurationCounts = (): DurationCounts => new Float64Array(bucketCount + 1) as DurationCounts;

/** The upper bound of a bucket; the last one has none. */
const boundOf = (bucket: number): number => 10 ** ((lowest + bucket) / perDecade);

const nearestBucket = (scaled: number): number =>
  Math.min(bucketCount - 1, Math.max(0, Math.ceil(scaled) - lowest));

/** What is no duration, since a clock was set back, counts as none at all. */
export const recordDuration = (counts: DurationCounts, seconds: number): void => {
  const length = seconds > 0 ? seconds : 0;
  const bucket = length === 0 ? 0 : nearestBucket(Math.log10(length) * perDecade);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
  counts[sumAt] = (counts[sumAt] ?? 0) + length;
};

const countUpTo = (counts: DurationCounts, end: number): number => {
  let count = 0;
  for (let bucket = 0; bucket < end; bucket++) count += counts[bucket] ?? 0;
  return count;
};

/** In the middle of its bucket, as factors go; of the first and the last, the bound that they have. */
const typicalOf = (bucket: number): number => {
  if (bucket === 0) return boundOf(0);
  if (bucket === bucketCount - 1) return boundOf(bucket - 1);
  return Math.sqrt(boundOf(bucket - 1) * boundOf(bucket));
};

const quantileOf = (counts: DurationCounts, share: number): number | undefined => {
  const count = countUpTo(counts, bucketCount);
  if (count === 0) return undefined;
  const rank = Math.min(count, Math.max(1, Math.ceil(share * count)));
  let seen = 0;
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= rank) return typicalOf(bucket);
  }
  return undefined;
};

/** The bound next to `seconds` decides; 1, 2 and 5 of each decade are bounds, to a quarter of a percent. */
const countAtMost = (counts: DurationCounts, seconds: number): number => {
  if (!(seconds > 0)) return 0;
  return countUpTo(counts, nearestBucket(Math.round(Math.log10(seconds) * perDecade)) + 1);
};

const none: Durations = { count: () => 0, sum: () => 0, quantile: () => undefined, atMost: () => 0 };

/** For who reads them; undefined: nothing was recorded yet. */
export const readDurations = (counts: DurationCounts | undefined): Durations =>
  counts === undefined
    ? none
    : {
        count: () => countUpTo(counts, bucketCount),
        sum: () => counts[sumAt] ?? 0,
        quantile: (share) => quantileOf(counts, share),
        atMost: (seconds) => countAtMost(counts, seconds),
      };

/** Plain JSON: the sum, then each bucket that has something with its count. */
export const saveDurations = (counts: DurationCounts | undefined): readonly number[] | undefined => {
  if (counts === undefined) return undefined;
  const saved = [counts[sumAt] ?? 0];
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count > 0) saved.push(bucket, count);
  }
  return saved;
};

const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Adds what was saved; what is not as saveDurations writes it adds nothing. */
export const addSavedDurations = (counts: DurationCounts, saved: readonly unknown[]): void => {
  const [sum, ...pairs] = saved;
  const isSound =
    isAmount(sum) &&
    pairs.length % 2 === 0 &&
    pairs.every((value, at) =>
      at % 2 === 0
        ? Number.isInteger(value) && isAmount(value) && value < bucketCount
        : Number.isSafeInteger(value) && isAmount(value),
    );
  if (!isSound) return;
  counts[sumAt] = (counts[sumAt] ?? 0) + sum;
  for (let at = 0; at < pairs.length; at += 2) {
    const bucket = Number(pairs[at]);
    counts[bucket] = (counts[bucket] ?? 0) + Number(pairs[at + 1]);
  }
};
