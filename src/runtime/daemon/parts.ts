// What a daemon's runner uses of the rest of acceptd.
import type { CommandLine } from '../../model/daemon.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { RecipeRequest } from '../../model/recipe.ts';
import type { DaemonExtra, DaemonListener } from '../../serve/daemon-surroundings.ts';
import type { CompletedStart } from '../../serve/start-texts.ts';
import type { ListenerFiles } from '../listener-files.ts';
import type { DaemonProcess, RunningService, Runtime } from '../running.ts';
import type { States } from '../watch.ts';
import type { Adoption, AdoptionListener } from './adoption.ts';
import type { Plan } from './plan.ts';
import type { Stored } from './store.ts';

/** What to start, completed: files of variables are read for each start. */
export type Requests = {
  /** `at`: 0, or which of the further starts, from 1 on. */
  readonly main: (
    running: RunningService,
    plan: Plan,
    at: number,
    listeners: readonly DaemonListener[],
    stored: readonly Stored[],
    extra: DaemonExtra,
  ) => RecipeRequest | Promise<CompletedStart>;
  readonly command: (
    running: RunningService,
    plan: Plan,
    command: CommandLine,
    extra: DaemonExtra,
  ) => RecipeRequest | Promise<CompletedStart>;
};

export type DaemonParts = {
  readonly runtime: Runtime;
  readonly states: States;
  readonly requests: Requests;
  /** Some unlink the file of their socket. */
  readonly files: Pick<ListenerFiles, 'keep' | 'heal'>;
  /** `startedAt`: the version before us has told of it. */
  readonly registerProcess: (
    service: RunningService,
    pid: number,
    process: DaemonProcess,
    startedAt?: Milliseconds,
  ) => void;
  /** The kernel could not make a process: a shortage is everybody's. */
  readonly onStartError: (service: RunningService, error: unknown) => void;
  /** Somebody has started this child of ours by name: unless it was the run that asks, it is none of its processes. */
  readonly isOthers: (pid: number) => boolean;
  /** Whether a child is the program by now that it was started as. */
  readonly hasExecuted: (pid: number) => boolean;
  /** Gives our sockets to a server that binds its own. */
  readonly adopt: (service: RunningService, listener: AdoptionListener) => Adoption;
  /** The same for one that has them already. */
  readonly adoptAgain: (
    service: RunningService,
    listener: AdoptionListener,
    calls: Descriptor,
    given: readonly Descriptor[],
  ) => Adoption;
};
