// The daemons of all services: who wants one, and what becomes of them at a reload and at the end.
import type { Failure } from '../../model/event.ts';
import type { Pieces } from '../../model/pieces.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { Ended } from '../../native/kernel.ts';
import { becomeSubreaper } from '../../native/process-tree.ts';
import type { DaemonHandle, RunningService } from '../running.ts';
import type { DaemonParts } from './parts.ts';
import { createRunner, type Runner } from './runner.ts';
import type { SavedRunner } from './saved.ts';

const noSuch = (id: string): Failure => ({ code: 'ENOENT', what: `${id} has no daemon` });

export type Daemons = ReturnType<typeof createDaemons>;

export const createDaemons = (parts: () => DaemonParts) => {
  const runners = new Map<RunningService, Runner>();
  /** Of services that are gone, until their last process is. */
  const leaving = new Set<Runner>();
  let isSubreaper = false;

  const runnerOf = (id: string): Runner | undefined => {
    const running = parts().runtime.services.get(id);
    return running && runners.get(running);
  };

  const allRunners = (): readonly Runner[] => [...runners.values(), ...leaving];

  /** The service has a daemon. */
  const attach = (running: RunningService): DaemonHandle => {
    // from here on orphans of daemons are ours, so that nobody of them is lost
    if (!isSubreaper) becomeSubreaper();
    isSubreaper = true;
    const runner = runners.get(running) ?? createRunner(parts(), running);
    runners.set(running, runner);
    return runner.handle;
  };

  /** It has none any more, or is gone itself. */
  const detach = (running: RunningService): void => {
    const runner = runners.get(running);
    if (runner === undefined) return;
    runners.delete(running);
    leaving.add(runner);
    void runner.retire('reload').then(() => {
      leaving.delete(runner);
      runner.closeStore();
    });
  };

  return {
    attach,
    detach,

    /** A configuration was applied. */
    sync: function* (isStrict: boolean): Pieces<void> {
      for (const [running, runner] of [...runners]) {
        yield;
        if (runners.get(running) === runner) runner.sync(isStrict);
      }
    },

    /** Tries what waits after a failure, now. */
    retryNow: (): void => {
      for (const runner of runners.values()) runner.retry();
    },

    demand: (id: string, onDone: (failure: Failure | undefined) => void): (() => void) => {
      const runner = runnerOf(id);
      if (runner !== undefined) return runner.demand(onDone);
      let isWanted = true;
      queueMicrotask(() => {
        if (isWanted) onDone(noSuch(id));
      });
      return () => {
        isWanted = false;
      };
    },

    hold: (id: string): (() => void) => runnerOf(id)?.hold() ?? (() => undefined),

    restart: async (id: string): Promise<Failure | undefined> => {
      const runner = runnerOf(id);
      return runner === undefined ? noSuch(id) : runner.restart();
    },

    reload: async (id: string): Promise<Failure | undefined> => {
      const runner = runnerOf(id);
      return runner === undefined ? noSuch(id) : runner.reload();
    },

    /**
     * At our own end, all at once: those with sockets of their own first, those behind relays when their clients have
     * gone. `patience` is for those whose end may take as long as it takes.
     */
    stop: async (which: 'servers' | 'backends', patience: Milliseconds): Promise<void> => {
      const chosen = [...runners].filter(
        ([{ prepared }]) => (prepared.service.mode === 'whole-socket') === (which === 'servers'),
      );
      await Promise.all(chosen.map(([, runner]) => runner.retire('drain', patience)));
    },

    /** Nobody is asked any more. */
    kill: (): void => {
      for (const runner of allRunners()) runner.kill();
    },

    /** What they have left with us goes with us. */
    closeStores: (): void => {
      for (const runner of allRunners()) runner.closeStore();
    },

    /** Which of them is in the middle of something, in words. */
    unsettled: (): string | undefined => {
      const busy = [...runners].find(([, runner]) => !runner.isSettled());
      if (busy !== undefined) return `the daemon of ${busy[0].prepared.service.id} is ${busy[1].doing()}`;
      return leaving.size === 0 ? undefined : 'a daemon of a service that is gone is ending';
    },
    save: (running: RunningService): SavedRunner | undefined => runners.get(running)?.save(),
    restore: (running: RunningService, saved: SavedRunner): void => runners.get(running)?.restore(saved),
    /** Nobody takes over after all. */
    resume: (): void => {
      for (const runner of runners.values()) runner.wake();
    },

    onOrphanEnded: (ended: Ended): void => {
      for (const runner of allRunners()) runner.onOrphanEnded(ended);
    },
  };
};
