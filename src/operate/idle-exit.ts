// Ends a server that nobody has used for a while; whoever started it with its sockets starts it again for the next client.
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import type { Milliseconds } from '../model/quantity.ts';

/** Counts what acceptd answers itself. `stop` is called once; clients that come meanwhile are still answered. */
export const createIdleExit = (
  clock: Clock,
  limit: Milliseconds,
  stop: () => void,
  /** Begun before us. */
  begun = 0,
): Observer => {
  let open = begun;
  let cancel = open === 0 ? clock.after(limit, stop) : () => undefined;
  return {
    isWanted: (kind) => kind === 'builtin-started' || kind === 'builtin-ended',
    observe: ({ kind }) => {
      if (kind === 'builtin-started') {
        open += 1;
        cancel();
      } else if (kind === 'builtin-ended') {
        open -= 1;
        if (open === 0) cancel = clock.after(limit, stop);
      }
    },
  };
};
