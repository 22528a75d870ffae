// What a daemon's runner uses of the rest of acceptd.
import type { CommandLine } from '../../model/daemon.ts';
import type { RecipeRequest } from '../../model/recipe.ts';
import type { DaemonExtra, DaemonListener, StoredDescriptor } from '../../serve/daemon-surroundings.ts';
import type { DaemonProcess, RunningService, Runtime } from '../running.ts';
import type { States } from '../watch.ts';
import type { Plan } from './plan.ts';
import type { Awaiting } from './readiness.ts';

/** What to start, completed: files of variables are read for each start. */
export type Requests = {
  readonly main: (
    running: RunningService,
    plan: Plan,
    /** 0, or which of the further starts, from 1 on. */
    at: number,
    listeners: readonly DaemonListener[],
    stored: readonly StoredDescriptor[],
    extra: DaemonExtra,
  ) => Promise<RecipeRequest>;
  readonly command: (
    running: RunningService,
    plan: Plan,
    command: CommandLine,
    extra: DaemonExtra,
  ) => Promise<RecipeRequest>;
};

/** Descriptors that a daemon has left with us. */
export type Store = {
  readonly stored: () => readonly StoredDescriptor[];
  readonly close: () => void;
};

export type DaemonParts = {
  readonly runtime: Runtime;
  readonly states: States;
  readonly requests: Requests;
  readonly registerProcess: (service: RunningService, pid: number, process: DaemonProcess) => void;
  /** The kernel could not make a process: a shortage is everybody's. */
  readonly onStartError: (service: RunningService, error: unknown) => void;
  /** A child of ours that is not a daemon's. */
  readonly isOthers: (pid: number) => boolean;
  readonly awaiting: Omit<Awaiting, 'line' | 'listen'>;
};

