// The daemons of all services: who wants one, and what becomes of them at a reload and at the end.
import type { Failure } from '../../model/event.ts';

const noSuch = (id: string): Failure => ({ code: 'ENOENT', what: `${id} has no daemon` });

export const createDaemons = () => ({
  demand: (id: string, onDone: (failure: Failure | undefined) => void): (() => void) => {
    let isWanted = true;
    queueMicrotask(() => {
      if (isWanted) onDone(noSuch(id));
    });
    return () => {
      isWanted = false;
    };
  },
  hold:
    (_id: string): (() => void) =>
    () =>
      undefined,
  restart: (id: string): Promise<Failure | undefined> => Promise.resolve(noSuch(id)),
  reload: (id: string): Promise<Failure | undefined> => Promise.resolve(noSuch(id)),
});
