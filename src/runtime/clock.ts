// The real clock.
import type { Clock } from '../model/clock.ts';
import { milliseconds } from '../model/quantity.ts';

/** Longer waits than Node's timers know (24 days) end there; who still waits asks again. */
const longest = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => milliseconds(performance.now()),
  wallClock: () => new Date(),
  after: (delay, call) => {
    // the engine keeps the process alive for as long as there is something to wait for
    const timer = setTimeout(call, Math.min(delay, longest)).unref();
    return () => clearTimeout(timer);
  },
};
