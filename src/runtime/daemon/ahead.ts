// The process of a run before the run: where nothing has changed since the last one, a client need not wait for our bookkeeping.
import { SystemError } from '../../native/addon.ts';
import { needsDirectories } from '../directory-holds.ts';
import { isLent, type RunningService } from '../running.ts';
import { listenersOf } from './lending.ts';
import type { MainRecipe } from './main-recipe.ts';
import type { NotifySocket } from './notify-socket.ts';
import type { DaemonParts } from './parts.ts';
import type { Plan } from './plan.ts';
import { lookAt, type Seen } from './queue-watch.ts';
import type { Store } from './store.ts';

export type Ahead = {
  readonly pid: number;
  readonly invocation: string;
  /** Who waited before it could take anybody. */
  readonly seen: readonly Seen[];
};

/**
 * Nothing is prepared where somebody of the run before was left behind who has the notify socket: it is another one then.
 * undefined: it is started in the usual way, as a part of its run. The run has to begin in the same turn of the loop. */
export const startAhead = (
  { runtime, files }: Pick<DaemonParts, 'runtime' | 'files'>,
  running: RunningService,
  plan: Plan,
  own: { readonly mainRecipe: MainRecipe; readonly notifySocket: NotifySocket; readonly store: Store },
  isSuspect: boolean,
): Ahead | undefined => {
  const { kernel } = runtime;
  if (plan.shape.startBefore > 0 || needsDirectories(plan.service) || own.store.list().length > 0)
    return undefined;
  const listeners = listenersOf(runtime, running);
  if (listeners.some(isLent)) return undefined;
  const prepared = own.mainRecipe.take(plan, listeners, own.notifySocket.address());
  if (prepared === undefined) return undefined;
  try {
    const seen = lookAt(kernel, listeners, isSuspect);
    for (const listener of listeners) {
      files.keep(listener);
      // it was made a blocking one when it was watched again
      if (plan.daemon.isNonBlocking && listener.descriptor !== undefined)
        kernel.setBlocking(listener.descriptor, false);
    }
    const pid = kernel.spawn(prepared.recipe, kernel.standardError, undefined, 'keep');
    return { pid, invocation: prepared.invocation, seen };
  } catch (error) {
    // it is tried again in the usual way, which tells of it
    if (!(error instanceof SystemError)) throw error;
    return undefined;
  }
};
