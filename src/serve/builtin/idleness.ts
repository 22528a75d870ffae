// Ends what has been silent for too long, with one timer however often it speaks.
import type { Clock } from '../../model/clock.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';

export type IdleWatch = { readonly touch: () => void; readonly cancel: () => void };

/** Calls `onIdle` once when nothing has touched it for the limit. A touch costs a reading of the clock, no timer. */
export const watchIdleness = (clock: Clock, limit: Milliseconds, onIdle: () => void): IdleWatch => {
  let touchedAt = clock.now();
  const look = (): void => {
    const left = touchedAt + limit - clock.now();
    if (left <= 0) onIdle();
    else cancel = clock.after(milliseconds(left), look);
  };
  let cancel = clock.after(limit, look);
  return {
    touch: () => {
      touchedAt = clock.now();
    },
    cancel: () => cancel(),
  };
};
