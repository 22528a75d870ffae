// Starts the processes of a run: its main one with all its sockets, and commands beside it.
import type { CommandLine } from '../../model/daemon.ts';
import type { Failure } from '../../model/event.ts';
import { SystemError } from '../../native/addon.ts';
import type { Recipe } from '../../native/kernel.ts';
import type { DaemonExtra, DaemonListener } from '../../serve/daemon-surroundings.ts';
import type { CompletedStart } from '../../serve/start-texts.ts';
import type { ProcessEnd, RunningService } from '../running.ts';
import type { Adoption } from './adoption.ts';
import type { MainRecipe } from './main-recipe.ts';
import type { DaemonParts } from './parts.ts';
import type { Run } from './run.ts';
import type { Stored } from './store.ts';

/** What became of a start; later, where files are read for it. */
export type Starting = {
  readonly isStillWanted: () => boolean;
  readonly onStarted: (pid: number) => void;
  readonly onFailed: (failure: Failure) => void;
  readonly onEnded: (pid: number, end: ProcessEnd) => void;
};

const failureOf = ({ code, message }: SystemError): Failure => ({ code, what: message });

export const createProcesses = (parts: DaemonParts, running: RunningService, mainRecipe: MainRecipe) => {
  const { kernel } = parts.runtime;

  const start = (run: Run, file: string, recipe: Recipe, starting: Starting): void => {
    let pid: number;
    try {
      // all that it gets stands in the layout
      pid = kernel.spawn(recipe, kernel.standardError, undefined, 'keep');
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      parts.onStartError(running, error);
      starting.onFailed(failureOf(error));
      return;
    }
    register(run, file, pid, starting);
  };

  const register = (run: Run, file: string, pid: number, starting: Starting): void => {
    run.members.add(pid);
    parts.registerProcess(running, pid, { file, onEnded: (end) => starting.onEnded(pid, end) });
    starting.onStarted(pid);
  };

  /** At once where nothing has to be read for it. */
  const startWith = (
    run: Run,
    file: string,
    make: () => Recipe | Promise<CompletedStart>,
    starting: Starting,
  ): void => {
    try {
      const made = make();
      if (!(made instanceof Promise)) {
        start(run, file, made, starting);
        return;
      }
      void made.then((completed) => {
        if (!starting.isStillWanted()) return;
        if (completed.kind === 'complete')
          start(run, file, kernel.compileRecipe(completed.request), starting);
        else
          starting.onFailed({
            code: completed.failure.code,
            what: completed.failure.what.replace('%', run.plan.service.id),
          });
      });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      starting.onFailed(failureOf(error));
    }
  };

  const extraOf = (run: Run): DaemonExtra => ({
    notifySocket: run.notifications?.address,
    watchdog: run.watchdogTime,
    invocation: run.invocation,
  });

  /** The listeners that are open now, in the order of the configuration. */
  const openListeners = (run: Run): readonly DaemonListener[] =>
    run.listeners.flatMap(({ descriptor, address }) =>
      descriptor === undefined ? [] : [{ descriptor, address }],
    );

  const startMain = (
    run: Run,
    at: number,
    stored: readonly Stored[],
    adoption: Adoption | undefined,
    starting: Starting,
  ): void => {
    const { daemon, file } = run.plan;
    const extra = { ...extraOf(run), adoptChannel: adoption?.channel };
    const make = (): Recipe | Promise<CompletedStart> => {
      const listeners = openListeners(run);
      for (const { descriptor } of listeners) kernel.setBlocking(descriptor, !daemon.isNonBlocking);
      return mainRecipe.make(run.plan, at, listeners, stored, extra);
    };
    const program = at === 0 ? file : (daemon.furtherStarts[at - 1]?.file ?? file);
    startWith(run, program, make, starting);
  };

  const startCommand = (run: Run, command: CommandLine, starting: Starting): void => {
    const extra = { ...extraOf(run), watchdog: undefined, mainPid: run.main };
    const make = (): Recipe | Promise<CompletedStart> => {
      const request = parts.requests.command(running, run.plan, command, extra);
      return request instanceof Promise ? request : kernel.compileRecipe(request);
    };
    startWith(run, command.file, make, starting);
  };

  /** It has been started ahead of its run. */
  const takeMain = (run: Run, pid: number, starting: Starting): void =>
    register(run, run.plan.file, pid, starting);

  return { startMain, takeMain, startCommand };
};

export type Processes = ReturnType<typeof createProcesses>;
