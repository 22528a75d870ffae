// The moments at which an open loop begins its connections, fixed before the run whatever the server does.
import { createRandom } from './random.ts';
import type { Mistake } from './target.ts';

/** How far moments are made: for so long, or until so many have come `after` the warm-up. All in seconds. */
export type Extent = { readonly seconds: number } | { readonly count: number; readonly after: number };

/** Nanoseconds from the start of the run, whole and rising. */
export type Arrivals = Float64Array;

const mostArrivals = 20_000_000; // 160 MB of moments

const nanoseconds = 1e9;

/** How many moments an extent means, on average. */
const expected = (rate: number, extent: Extent): number =>
  'seconds' in extent ? rate * extent.seconds : rate * extent.after + extent.count;

const checkSize = (rate: number, extent: Extent): Mistake | undefined => {
  if (!(rate > 0)) return { mistake: `${rate} connections per second are no rate; write a number above 0` };
  const count = expected(rate, extent);
  if (count <= mostArrivals) return undefined;
  const shown = Math.round(count).toLocaleString('en');
  const most = mostArrivals.toLocaleString('en');
  return {
    mistake: `${shown} connections are too many to plan, at most ${most} are; take a lower rate or a shorter run`,
  };
};

/** Takes moments from `next` up to the end of the extent. */
const collect = (rate: number, extent: Extent, next: (index: number) => number): Arrivals => {
  let moments = new Float64Array(Math.ceil(expected(rate, extent) * 1.01) + 64);
  const end = 'seconds' in extent ? extent.seconds * nanoseconds : Number.POSITIVE_INFINITY;
  const from = 'seconds' in extent ? 0 : extent.after * nanoseconds;
  let wanted = 'seconds' in extent ? Number.POSITIVE_INFINITY : extent.count;
  let count = 0;
  while (wanted > 0) {
    const moment = next(count);
    if (moment >= end) break;
    if (moment >= from) wanted--;
    if (count === moments.length) {
      const longer = new Float64Array(count * 2);
      longer.set(moments);
      moments = longer;
    }
    moments[count++] = moment;
  }
  return moments.slice(0, count);
};

/** One connection every 1/`rate` of a second, the first at once. `rate` is in connections per second. */
export const evenArrivals = (rate: number, extent: Extent): Arrivals | Mistake =>
  checkSize(rate, extent) ?? collect(rate, extent, (index) => Math.round((index * nanoseconds) / rate));

/**
 * Connections of many clients that do not know of each other: the times between them are exponential with a mean of
 * 1/`rate` of a second. The same seed (a whole number below 2^32) gives the same moments on every machine.
 */
export const poissonArrivals = (rate: number, seed: number, extent: Extent): Arrivals | Mistake => {
  const random = createRandom(seed);
  let sum = 0;
  return (
    checkSize(rate, extent) ??
    collect(rate, extent, () => {
      sum += random.exponential();
      return Math.round((sum * nanoseconds) / rate);
    })
  );
};
