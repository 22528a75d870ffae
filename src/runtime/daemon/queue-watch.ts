// Does a running daemon take anybody from its queues? Looked at a while after it is ready, then ever more rarely.
import type { Clock } from '../../model/clock.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import type { Kernel } from '../../native/kernel.ts';
import { isUntouched, lookAtQueue, type Waiting } from '../queue.ts';
import type { RunningListener } from '../running.ts';

const firstLook = milliseconds(3_000);
const longestPause = milliseconds(300_000);

type Seen = { readonly listener: RunningListener; readonly waiting: Waiting };

const lookAt = (kernel: Kernel, listeners: readonly RunningListener[]): readonly Seen[] =>
  listeners.flatMap((listener) =>
    listener.descriptor === undefined
      ? []
      : [{ listener, waiting: lookAtQueue(kernel, listener.address, listener.descriptor) }],
  );

export type QueueWatch = ReturnType<typeof watchQueues>;

/** `onStuck` is called at most once, for the first queue that nobody has taken anything from between two looks. */
export const watchQueues = (
  kernel: Kernel,
  clock: Clock,
  listeners: readonly RunningListener[],
  onStuck: (listener: RunningListener, waiting: number) => void,
) => {
  const before = lookAt(kernel, listeners);
  let last = before;
  let hasTold = false;
  let hasTaken = false;
  let cancel = (): void => undefined;

  const compare = (earlier: readonly Seen[]): readonly Seen[] => {
    const now = lookAt(kernel, listeners);
    return now.filter(({ listener, waiting }) => {
      const was = earlier.find((each) => each.listener === listener);
      return was !== undefined && isUntouched(was.waiting, waiting);
    });
  };

  const plan = (pause: Milliseconds): void => {
    cancel = clock.after(pause, () => {
      const [stuck] = compare(last);
      if (stuck === undefined) hasTaken = true;
      last = lookAt(kernel, listeners);
      if (stuck !== undefined && !hasTold) {
        hasTold = true;
        onStuck(stuck.listener, stuck.waiting.length);
      }
      plan(milliseconds(Math.min(pause * 2, longestPause)));
    });
  };

  return {
    /** To be called when it is ready: until then nothing is expected of it. */
    begin: (): void => {
      last = lookAt(kernel, listeners);
      plan(firstLook);
    },
    stop: (): void => cancel(),
    isSomebodyWaiting: (): boolean => lookAt(kernel, listeners).some(({ waiting }) => waiting.length > 0),
    /** Whether somebody waits and nobody was taken from any queue since the beginning. */
    isUntouched: (): boolean => {
      const now = lookAt(kernel, listeners).filter(({ waiting }) => waiting.length > 0);
      return !hasTaken && now.length > 0 && compare(before).length === now.length;
    },
  };
};
