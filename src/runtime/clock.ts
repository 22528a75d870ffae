// The real clock.
import type { Clock } from '../model/clock.ts';
import { milliseconds } from '../model/quantity.ts';

export const systemClock: Clock = {
  now: () => milliseconds(performance.now()),
  wallClock: () => new Date(),
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
};
