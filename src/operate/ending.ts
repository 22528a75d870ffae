// The one way to the end of a server, whoever wishes it: a signal, the control socket, nobody's coming.
import type { Milliseconds } from '../model/quantity.ts';

/** How a server ends: so long its listeners stay open and serve, and so long instances have to end then. */
export type StopWish = { readonly delay: Milliseconds; readonly drain: Milliseconds };

export type Ending = {
  /** False: the end has begun before, and goes on as it does. */
  readonly stop: (wish: StopWish) => boolean;
  /** Cuts a stop that is under way short. */
  readonly hurry: () => void;
  /** Goes at once and ends nobody. */
  readonly leave: () => void;
  readonly isStopping: () => boolean;
  /** Resolves when the server has stopped. */
  readonly ended: Promise<void>;
};

export type EndingActions = {
  readonly stop: (wish: StopWish) => Promise<void>;
  readonly stopNow: () => void;
  readonly leave: () => Promise<void>;
};

export const createEnding = (actions: EndingActions): Ending => {
  let isStopping = false;
  let isLeaving = false;
  let finish = (): void => undefined;
  let fail = (_error: unknown): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return {
    stop: (wish) => {
      if (isStopping) return false;
      isStopping = true;
      // of a stop and a leave that overtakes it, whichever is over first is the end
      actions.stop(wish).then(finish, fail);
      return true;
    },
    hurry: actions.stopNow,
    leave: () => {
      if (isLeaving) return;
      isStopping = true;
      isLeaving = true;
      actions.leave().then(finish, fail);
    },
    isStopping: () => isStopping,
    ended,
  };
};
