// Stops a flow in which nothing has moved for too long; the addon keeps the time, and is asked once in a while.
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Flow } from '../native/relay.ts';

/** One timer for each flow, however often bytes move. */
export const stopWhenQuiet = (clock: Clock, limit: Milliseconds, flow: Flow): void => {
  const look = (): void => {
    const quiet = flow.quietFor();
    if (quiet === undefined) return;
    if (quiet >= limit) flow.stop();
    // the addon's clock is coarser by a millisecond
    else clock.after(milliseconds(Math.max(1, limit - quiet)), look);
  };
  clock.after(limit, look);
};
