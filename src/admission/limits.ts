// The counters behind a service's limits. They outlive a reload; memory is bounded by the live instances.
import type { Limits, Rate } from '../model/limits.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';

/** What counts as one source: see sourceOf in model/record.ts. */
export type Source = number | string;

/** A token bucket: full at first, refilled evenly. */
type Bucket = { tokens: number; at: Milliseconds };

/** Mutable; owned by the runtime's record of the service, changed only by the functions of this file and of admit.ts. */
export type Usage = {
  live: number;
  readonly perSource: Map<Source, number>;
  bucket: Bucket | undefined;
};

export const createUsage = (): Usage => ({ live: 0, perSource: new Map(), bucket: undefined });

const refill = (usage: Usage, rate: Rate, now: Milliseconds): Bucket => {
  const bucket = usage.bucket ?? { tokens: rate.count, at: now };
  // a clock that stands still or a lowered limit must not give tokens away
  const earned = (Math.max(0, now - bucket.at) * rate.count) / rate.window;
  bucket.tokens = Math.min(rate.count, bucket.tokens + earned);
  bucket.at = now;
  usage.bucket = bucket;
  return bucket;
};

/** Whole starts that the service's rate allows now; Infinity without one. */
export const startsLeft = (usage: Usage, rate: Rate | undefined, now: Milliseconds): number =>
  rate === undefined ? Number.POSITIVE_INFINITY : Math.floor(refill(usage, rate, now).tokens + 1e-9);

/** Takes the token of one start. */
export const takeStart = (usage: Usage, rate: Rate | undefined, now: Milliseconds): void => {
  if (rate !== undefined) refill(usage, rate, now).tokens -= 1;
};

/** Gives the token of a start back that did not come about. */
export const giveBackStart = (usage: Usage, rate: Rate | undefined): void => {
  const { bucket } = usage;
  if (rate !== undefined && bucket !== undefined) bucket.tokens = Math.min(rate.count, bucket.tokens + 1);
};

/** Instances that may still be started at this moment, by the limit of concurrent ones. */
export const instancesLeft = (usage: Usage, limits: Limits): number =>
  limits.instances === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limits.instances - usage.live);

export const enterInstance = (usage: Usage, source: Source | undefined): void => {
  usage.live += 1;
  if (source !== undefined) usage.perSource.set(source, (usage.perSource.get(source) ?? 0) + 1);
};

export const leaveInstance = (usage: Usage, source: Source | undefined): void => {
  usage.live -= 1;
  if (source === undefined) return;
  const left = (usage.perSource.get(source) ?? 1) - 1;
  // sources without an instance are forgotten: the map never holds more than the live instances
  if (left > 0) usage.perSource.set(source, left);
  else usage.perSource.delete(source);
};

/** Doubling from `first` to `last`: how long to wait after `failures` in a row. */
export const backOff = (failures: number, first: Milliseconds, last: Milliseconds): Milliseconds =>
  milliseconds(Math.min(last, first * 2 ** Math.min(failures - 1, 30)));
