// So many starts of a daemon in a window of time; who comes beyond that waits for the rest of it.
import type { Daemon } from '../../model/daemon.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';

export const createStartLimit = () => {
  let began: Milliseconds | undefined;
  let count = 0;

  /** Counts a start; or says how long to wait, and counts nothing. */
  const take = (limit: Daemon['startLimit'], now: Milliseconds): Milliseconds | undefined => {
    if (limit === undefined || limit.count <= 0 || limit.window <= 0) return undefined;
    if (began === undefined || now - began >= limit.window) {
      began = now;
      count = 0;
    }
    if (count >= limit.count) return milliseconds(began + limit.window - now);
    count += 1;
    return undefined;
  };

  const forget = (): void => {
    began = undefined;
    count = 0;
  };

  return {
    take,
    forget,
    save: () => ({ began, count }),
    restore: (saved: { readonly began: Milliseconds | undefined; readonly count: number }): void => {
      ({ began, count } = saved);
    },
  };
};
