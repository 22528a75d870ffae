// Events of a daemon, one after the other: what comes of one is taken after it, not in its middle.
import type { DaemonEvent } from './state.ts';

export const createEventQueue = (take: (event: DaemonEvent) => void) => {
  const queue: DaemonEvent[] = [];
  let isTaking = false;
  return {
    isTaking: (): boolean => isTaking,
    dispatch: (event: DaemonEvent): void => {
      queue.push(event);
      if (isTaking) return;
      isTaking = true;
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) take(next);
      } finally {
        isTaking = false;
      }
    },
  };
};
