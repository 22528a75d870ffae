// Says something to a client that may not listen: what does not fit now follows when there is room, up to a deadline.
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { seconds } from '../model/quantity.ts';
import type { Kernel } from '../native/kernel.ts';

const patience = seconds(30);
/** What is written in one turn of the loop. */
const piece = 65_536;

/** The rest of what is to be said, when the client has taken what it takes now; undefined when it hears no more. */
export const sayNow = (kernel: Kernel, descriptor: Descriptor, text: Uint8Array): Uint8Array | undefined => {
  const taken = kernel.write(descriptor, text.subarray(0, piece));
  return taken === -1 ? undefined : text.subarray(taken ?? 0);
};

/**
 * Says the rest, and calls `onEnd` once: whether all was heard. Never calls it at once. The function it gives stops it,
 * and then nothing is called; what was not said is given back.
 */
export const sayLater = (
  kernel: Kernel,
  clock: Clock,
  descriptor: Descriptor,
  text: Uint8Array,
  onEnd: (isHeard: boolean) => void,
): (() => Uint8Array) => {
  let rest = text;
  const stop = (): Uint8Array => {
    cancel();
    kernel.unwatch(descriptor);
    return rest;
  };
  const end = (isHeard: boolean): void => {
    stop();
    onEnd(isHeard);
  };
  const cancel = clock.after(patience, () => end(false));
  kernel.watch(
    descriptor,
    () => {
      const left = sayNow(kernel, descriptor, rest);
      if (left === undefined) end(false);
      else if (left.length === 0) end(true);
      else rest = left;
    },
    'writable',
  );
  return stop;
};
