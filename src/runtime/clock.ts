// The real clock.
import type { Clock } from '../model/clock.ts';
import { milliseconds } from '../model/quantity.ts';

/** Longer waits than Node's timers know (24 days) end there; who still waits asks again. */
const longest = 2 ** 31 - 1;

const looks = 10;

/**
 * The moment from which `count` counts, on the clock of `moment`; all in milliseconds. The first look takes long, and
 * whoever has no turn between the two readings of one finds it too early: the latest of some is it.
 */
export const originOf = (moment: () => number, count: () => number): number => {
  let origin = Number.NEGATIVE_INFINITY;
  for (let look = 0; look < looks; look++) {
    const now = moment();
    origin = Math.max(origin, now - count());
  }
  return origin;
};

/** What performance.now() counts from, on CLOCK_MONOTONIC: a moment means the same to the version that takes our place. */
const begin = originOf(
  () => Number(process.hrtime.bigint()) / 1e6,
  () => performance.now(),
);

export const systemClock: Clock = {
  now: () => milliseconds(begin + performance.now()),
  wallClock: () => new Date(),
  after: (delay, call) => {
    // the engine keeps the process alive for as long as there is something to wait for
    const timer = setTimeout(call, Math.min(delay, longest)).unref();
    return () => clearTimeout(timer);
  },
};
