// Time as the engine sees it: passed in, so that tests drive it.
import type { Milliseconds } from './quantity.ts';

export type Clock = {
  /** Monotonic; only differences mean something. */
  readonly now: () => Milliseconds;
  /** The date and time of day, for daytime and time. */
  readonly wallClock: () => Date;
  /** Calls once after a while; the function it gives takes it back. */
  readonly after: (delay: Milliseconds, call: () => void) => () => void;
};
