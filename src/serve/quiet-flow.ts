// Ends a flow in which nothing has moved for too long; the addon keeps the time, and is asked once in a while.
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Flow } from '../native/relay.ts';

/** Timers come before what has arrived: a process that had no turn for so long takes that in before it looks again. */
const secondLook = milliseconds(1);

/** One timer for each flow, however often bytes move. `onQuiet` is called before its end; what this gives stops the looking. */
export const endWhenQuiet = (
  clock: Clock,
  limit: Milliseconds,
  flow: Pick<Flow, 'quietFor' | 'stop'>,
  onQuiet: () => void,
): (() => void) => {
  let cancel: () => void;
  let wasQuiet = false;
  const look = (): void => {
    const quiet = flow.quietFor();
    if (quiet === undefined) return;
    if (quiet < limit) {
      wasQuiet = false;
      // the addon's clock is coarser by a millisecond
      cancel = clock.after(milliseconds(Math.max(1, limit - quiet)), look);
    } else if (!wasQuiet) {
      wasQuiet = true;
      cancel = clock.after(secondLook, look);
    } else {
      onQuiet();
      flow.stop('end');
    }
  };
  cancel = clock.after(limit, look);
  return () => cancel();
};
