// What the processes of a run do to it: they start, say that they are ready, end; each becomes an event of the table.
import type { CommandLine } from '../../model/daemon.ts';
import type { ExitStatus, Failure } from '../../model/event.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import { SystemError } from '../../native/addon.ts';
import { probe } from '../../serve/probe.ts';
import type { ProcessEnd, RunningService } from '../running.ts';
import type { Adoption } from './adoption.ts';
import { killCommand } from './ending.ts';
import { describeEnd, isGoodEnd } from './ends.ts';
import { createMainProcess } from './main-process.ts';
import type { MainRecipe } from './main-recipe.ts';
import type { DaemonParts } from './parts.ts';
import { createProcesses, type Starting } from './processes.ts';
import { type AwaitedReadiness, awaitReadiness } from './readiness.ts';
import { blame, type Run } from './run.ts';
import type { SavedProcesses } from './saved.ts';
import type { CommandList, DaemonEvent } from './state.ts';
import type { Store } from './store.ts';

const commandOf = ({ plan: { daemon } }: Run, list: CommandList, at: number): CommandLine => {
  const command = daemon[list][at];
  if (command === undefined) throw new Error(`${list} has no command ${at}`);
  return command;
};

const commandAt = ({ service, daemon }: Run['plan'], at: number): CommandLine | undefined =>
  at === 0 ? service.startTexts?.command : daemon.furtherStarts[at - 1];

const isZero = (status: ExitStatus): boolean => status.kind === 'exit' && status.code === 0;

/** Of these the daemon cannot go on without. */
const isVital = (list: CommandList): boolean => list === 'startBefore' || list === 'startAfter';

export const createRunProcesses = (
  parts: DaemonParts,
  running: RunningService,
  run: Run,
  store: Store,
  mainRecipe: MainRecipe,
  /** The first process, where it has been started already. */
  ahead: number | undefined,
  /** Once the run is over, what its processes do comes too late. */
  isCurrent: () => boolean,
  dispatch: (event: DaemonEvent) => void,
  /** A command beside it has failed, and it goes on. */
  onImpaired: (failure: Failure) => void,
) => {
  const { runtime } = parts;
  const processes = createProcesses(parts, running, mainRecipe);
  let readiness: AwaitedReadiness | undefined;
  let adoption: Adoption | undefined;
  let onListening: (() => void) | undefined;
  let hasForked = false;
  /** No file and no message has said which one is the main process. */
  let hasGuessed = false;
  /** What it starts may fail (`-` before the command). */
  let isForgiven = false;

  const failStart = (failure: Failure): void => {
    if (!isCurrent()) return;
    blame(run, 'itself', failure);
    dispatch({ kind: 'start-failed' });
  };

  const runCommand = (list: CommandList, at: number): void => {
    const command = commandOf(run, list, at);
    const finish = (failure: Failure | undefined): void => {
      const isWell = failure === undefined || command.forgivesFailure;
      if (!isWell && isVital(list)) blame(run, 'itself', failure);
      else if (!isWell) onImpaired(failure);
      dispatch({ kind: 'command-ended', isWell });
    };
    processes.startCommand(run, command, {
      isStillWanted: isCurrent,
      onStarted: (pid) => {
        run.command = pid;
      },
      onFailed: finish,
      onEnded: (pid, { status, failure }) => {
        if (!isCurrent() || pid !== run.command) return;
        run.notifications?.drain();
        run.command = undefined;
        const bad: Failure = { code: 'ECHILD', what: `${command.file} ended with ${describeEnd(status)}` };
        finish(failure ?? (isZero(status) ? undefined : bad));
      },
    });
  };

  const endCommand = (): void => {
    if (run.command === undefined) return;
    const pid = run.command;
    run.command = undefined;
    killCommand(pid);
  };

  const guessMain = (): ReturnType<typeof main.guess> => {
    hasGuessed = true;
    return main.guess(run);
  };

  const awaitMain = (): void => {
    readiness = awaitReadiness(
      runtime,
      run,
      {
        probe: (onDone) => probe(runtime, run.plan.service.targets, undefined, onDone),
        line: (pattern, onFound) =>
          running.log?.listen((line) => {
            if (pattern.test(line)) onFound();
          }) ?? (() => undefined),
        listen: (tell) => {
          onListening = tell;
          return () => {
            onListening = undefined;
          };
        },
        executed: parts.hasExecuted,
      },
      { set: (pid) => main.set(run, pid), guess: guessMain },
      () => dispatch({ kind: 'ready' }),
      (failure) => failStart(failure),
    );
  };

  const adoptionListener = {
    onListening: (): void => onListening?.(),
    onFailed: (failure: Failure): void => failStart(failure),
  };

  const beginAdoption = (): boolean => {
    if (run.plan.daemon.activation !== 'adopt') return true;
    try {
      adoption = parts.adopt(running, adoptionListener);
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      failStart({ code: error.code, what: error.message });
      return false;
    }
  };

  const spawn = (at: number): void => {
    hasForked = false;
    isForgiven = commandAt(run.plan, at)?.forgivesFailure ?? false;
    if (!beginAdoption()) return;
    const begun = adoption;
    const starting: Starting = {
      isStillWanted: isCurrent,
      onStarted: (pid) => {
        run.main = pid;
        begun?.onStarted();
        if (run.plan.daemon.type !== 'oneshot') awaitMain();
      },
      onFailed: (failure) => failStart(failure),
      onEnded: (pid, end) => onProcessEnded(pid, end),
    };
    if (at === 0 && ahead !== undefined) processes.takeMain(run, ahead, starting);
    else processes.startMain(run, at, store.list(), begun, starting);
  };

  const isGood = ({ status, failure }: ProcessEnd): boolean =>
    isForgiven || (failure === undefined && isGoodStatus(status));

  const isGoodStatus = (status: ExitStatus): boolean =>
    isGoodEnd(status, run.plan.lifetime.success, run.plan.daemon.type === 'oneshot' ? 'failure' : 'usual');

  const failureOfMain = ({ status, failure }: ProcessEnd): Failure => {
    const { file, daemon } = run.plan;
    if (failure !== undefined) return failure;
    const what = `${file} ended with ${describeEnd(status)}`;
    if (run.isReady || daemon.type === 'oneshot') return { code: 'ECHILD', what };
    return { code: 'EPROTO', what: `${what} before it was ready: ${readiness?.awaited() ?? ''}` };
  };

  /** undefined: nobody saw how. */
  const onProcessEnded = (pid: number, end: ProcessEnd | undefined): void => {
    if (!isCurrent()) return;
    run.notifications?.drain();
    if (!isCurrent()) return;
    // it may have said last that another one is the main one
    if (pid !== run.main) {
      dispatch({ kind: 'process-ended' });
      return;
    }
    main.stop();
    run.main = undefined;
    const isWell = end === undefined || isGood(end);
    if (run.plan.daemon.type === 'forking' && !hasForked && isWell) {
      hasForked = true;
      readiness?.forked();
      return;
    }
    // what was taken for the main process was one in between
    if (isWell && hasForked && hasGuessed) {
      const next = main.guess(run);
      if (next === 'unknown') dispatch({ kind: 'process-ended' });
      if (next !== 'none') return;
    }
    // of a simple one nobody has waited for its exec
    if (end?.failure !== undefined) run.isReady = false;
    run.status = end?.status;
    run.isMainWell = isWell;
    const isEarly = !run.isReady && run.plan.daemon.type !== 'oneshot';
    if (end !== undefined && (!isWell || isEarly)) blame(run, 'itself', failureOfMain(end));
    dispatch({ kind: 'main-ended', isWell });
  };

  const main = createMainProcess(parts, running, onProcessEnded);

  return {
    failStart,
    runCommand,
    endCommand,
    spawn,
    setMain: (run: Run, pid: number): boolean => {
      if (!main.set(run, pid)) return false;
      hasGuessed = false;
      return true;
    },
    onProcessEnded,
    /** READY=1. */
    said: (): void => readiness?.said(),
    awaited: (): string => readiness?.awaited() ?? 'a command before it has not ended',
    save: (): SavedProcesses => ({
      hasForked,
      hasGuessed,
      isForgiven,
      calls: adoption?.calls(),
      given: adoption?.given() ?? [],
    }),
    /** A call of one of its processes is being answered. */
    isBusy: (): boolean => adoption?.isBusy() === true,
    restore: (saved: SavedProcesses, pid: number | undefined, startedAt: Milliseconds): void => {
      ({ hasForked, hasGuessed, isForgiven } = saved);
      const { calls, given } = saved;
      if (calls !== undefined) adoption = parts.adoptAgain(running, adoptionListener, calls, given);
      if (pid !== undefined) main.goOn(run, pid, startedAt);
    },
    stopAwaiting: (): void => {
      readiness?.stop();
    },
    /** The end of a run. */
    forget: (): void => {
      main.stop();
      readiness?.stop();
      readiness = undefined;
      adoption?.end();
      adoption = undefined;
    },
  };
};

export type RunProcesses = ReturnType<typeof createRunProcesses>;
