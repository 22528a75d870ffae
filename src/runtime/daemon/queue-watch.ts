// Does a running daemon take anybody from its queues? Looked at a while after it is ready, then ever more rarely.
import type { Clock } from '../../model/clock.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import type { Kernel } from '../../native/kernel.ts';
import { isUntouched, lookAtQueue, type Waiting } from '../queue.ts';
import type { RunningListener } from '../running.ts';

/** A run that ends before is judged by what waited at its beginning. */
const firstLook = milliseconds(1_000);
const firstPause = milliseconds(3_000);
const longestPause = milliseconds(300_000);

export type Seen = { readonly listener: RunningListener; readonly waiting: Waiting };

/** Who waits at each of them that is open. */
export const lookAt = (
  kernel: Kernel,
  listeners: readonly RunningListener[],
  isClose: boolean,
): readonly Seen[] =>
  listeners.flatMap((listener) =>
    listener.descriptor === undefined
      ? []
      : [{ listener, waiting: lookAtQueue(kernel, listener.address, listener.descriptor, isClose) }],
  );

export type QueueWatch = ReturnType<typeof watchQueues>;

/**
 * `onStuck` is called at most once, for the first queue that nobody has taken anything from between two looks. `isSuspect`:
 * earlier runs seem to have taken nobody, so this one is judged by who waits, not by how many.
 */
export const watchQueues = (
  kernel: Kernel,
  clock: Clock,
  listeners: readonly RunningListener[],
  isSuspect: boolean,
  onStuck: (listener: RunningListener, waiting: number) => void,
  before = lookAt(kernel, listeners, isSuspect),
) => {
  let hasTold = false;
  let hasTaken = false;
  let cancel = (): void => undefined;

  const compare = (earlier: readonly Seen[], now: readonly Seen[]): readonly Seen[] =>
    now.filter(({ listener, waiting }) => {
      const was = earlier.find((each) => each.listener === listener);
      return was !== undefined && isUntouched(was.waiting, waiting);
    });

  const plan = (pause: Milliseconds, last: readonly Seen[]): void => {
    cancel = clock.after(pause, () => {
      const now = lookAt(kernel, listeners, true);
      const [stuck] = compare(last, now);
      if (stuck === undefined) hasTaken = true;
      if (stuck !== undefined && !hasTold) {
        hasTold = true;
        onStuck(stuck.listener, stuck.waiting.length);
      }
      plan(milliseconds(Math.min(pause * 2, longestPause)), now);
    });
  };

  return {
    /** To be called when it is ready: until then nothing is expected of it. */
    begin: (): void => {
      cancel = clock.after(firstLook, () => plan(firstPause, lookAt(kernel, listeners, true)));
    },
    stop: (): void => cancel(),
    isSomebodyWaiting: (): boolean =>
      lookAt(kernel, listeners, false).some(({ waiting }) => waiting.length > 0),
    /** Whether somebody waits and nobody was taken from any queue since the beginning. */
    isUntouched: (): boolean => {
      if (hasTaken) return false;
      const now = lookAt(kernel, listeners, isSuspect).filter(({ waiting }) => waiting.length > 0);
      return now.length > 0 && compare(before, now).length === now.length;
    },
  };
};
