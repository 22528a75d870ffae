// The one deadline that a daemon's state has, and what may move it.
import type { Clock } from '../../model/clock.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import type { Plan } from './plan.ts';
import type { Deadline } from './state.ts';

export const createDeadline = (clock: Clock, onOver: () => void) => {
  let cancel: (() => void) | undefined;
  let at: Milliseconds | undefined;

  const clear = (): void => {
    cancel?.();
    cancel = undefined;
    at = undefined;
  };

  /** undefined: as long as it takes. */
  const set = (after: Milliseconds | undefined): void => {
    clear();
    if (after === undefined) return;
    at = milliseconds(clock.now() + after);
    const wait = (): void => {
      const left = (at ?? 0) - clock.now();
      // a timer may be shorter than was asked for
      cancel = clock.after(milliseconds(Math.max(0, left)), () => {
        if (at !== undefined && clock.now() < at) {
          wait();
          return;
        }
        clear();
        onOver();
      });
    };
    wait();
  };

  /** At least so long from now on; where there is no deadline there is none. */
  const extend = (by: Milliseconds): void => {
    if (at !== undefined && clock.now() + by > at) set(by);
  };

  return { set, extend, clear, at: () => at };
};

/** How long a state may last; undefined: as long as it takes. `patience` is for an end without a limit of its own. */
export const timeLimit = (
  of: Deadline,
  plan: Plan | undefined,
  pause: Milliseconds,
  patience: Milliseconds | undefined,
): Milliseconds | undefined => {
  if (of === 'pause') return pause;
  if (plan === undefined) return undefined;
  if (of === 'abort') return plan.daemon.abortTimeout ?? plan.lifetime.ending.timeout;
  return of === 'stop' ? (plan.lifetime.ending.timeout ?? patience) : plan.daemon.startTimeout;
};
