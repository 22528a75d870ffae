// A daemon's runner as plain data and back, where it rests.
import type { ResolvedService } from '../../model/service.ts';
import type { DirectoryHold } from '../directory-holds.ts';
import type { RunningService, Runtime } from '../running.ts';
import type { createHistory } from './history.ts';
import type { LiveRun } from './live-run.ts';
import type { Plan } from './plan.ts';
import type { SavedRunner } from './saved.ts';
import type { DaemonState } from './state.ts';
import type { Store } from './store.ts';

/** How it stands. */
export type Now = Pick<SavedRunner, 'state' | 'hasStarted' | 'isPutOff' | 'until'> & {
  readonly plan: Plan | undefined;
  readonly live: LiveRun | undefined;
};

const words: Readonly<Record<DaemonState['kind'], string>> = {
  off: 'off',
  pausing: 'pausing',
  starting: 'starting',
  running: 'running a command',
  remaining: 'running a command',
  reloading: 'reloading',
  stopping: 'stopping',
};

const rests = ({ kind }: DaemonState): boolean => ['off', 'pausing', 'running', 'remaining'].includes(kind);

export const createRunnerHandover = (runner: {
  readonly runtime: Runtime;
  readonly running: RunningService;
  readonly store: Store;
  readonly history: ReturnType<typeof createHistory>;
  readonly directories: DirectoryHold;
  /** Nothing happens to it just now. */
  readonly isIdle: () => boolean;
  readonly read: () => Now;
  readonly write: (saved: SavedRunner) => void;
  /** It is off, whatever was written. */
  readonly forget: () => void;
}) => {
  const { runtime, running, store, history, directories, isIdle, read, write, forget } = runner;

  const pidsOf = (): readonly number[] =>
    [...runtime.instances.values()]
      .filter(({ daemon, service }) => daemon !== undefined && service === running)
      .map(({ pid }) => pid);

  const plannedOf = ({ plan }: Now): ResolvedService => plan?.service ?? running.prepared.service;

  return {
    isSettled: (): boolean => {
      const { state, live } = read();
      return isIdle() && rests(state) && live?.run.command === undefined && live?.isBusy() !== true;
    },
    /** In the middle of what, for a sentence. */
    doing: (): string => words[read().state.kind],

    save: (): SavedRunner => {
      const now = read();
      const { state, hasStarted, isPutOff, until, live, plan } = now;
      const run = live?.save();
      const stored = store.save();
      return {
        state,
        until,
        hasStarted,
        isPutOff,
        planned: plan?.service,
        history: history.save(),
        store: stored,
        directories: directories.save(plannedOf(now)),
        run,
        descriptors: [
          run?.notify?.descriptor,
          run?.processes.calls,
          ...stored.map((each) => each.descriptor),
        ].filter((each) => each !== undefined),
        pids: pidsOf(),
      };
    },

    restore: (saved: SavedRunner): void => {
      try {
        history.restore(saved.history);
        store.restore(saved.store);
        write(saved);
        directories.restore(plannedOf(read()), saved.directories);
      } catch (error) {
        // the next client starts another one
        forget();
        throw error;
      }
    },
  };
};
