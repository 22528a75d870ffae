// The real clock.
import type { Clock } from '../model/clock.ts';
import { milliseconds } from '../model/quantity.ts';

export const systemClock: Clock = {
  now: () => milliseconds(performance.now()),
  wallClock: () => new Date(),
  after: (delay, call) => {
    // the engine keeps the process alive for as long as there is something to wait for
    const timer = setTimeout(call, delay).unref();
    return () => clearTimeout(timer);
  },
};
