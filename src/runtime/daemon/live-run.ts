// One run of a daemon as it goes on: its processes, its messages, what is watched while it is up.
import type { DaemonStop, Event, Failure } from '../../model/event.ts';
import { type Milliseconds, milliseconds, showDuration } from '../../model/quantity.ts';
import { SystemError } from '../../native/addon.ts';
import type { Ended } from '../../native/kernel.ts';
import { type DirectoryHold, needsDirectories } from '../directory-holds.ts';
import { exitStatus } from '../instances.ts';
import type { RunningService } from '../running.ts';
import { createActivity } from './activity.ts';
import type { Ahead } from './ahead.ts';
import { isOver, killCommand, signalRun } from './ending.ts';
import { type Lending, listenersOf } from './lending.ts';
import type { MainRecipe } from './main-recipe.ts';
import { type Effects, heed } from './messages.ts';
import { openNotifications } from './notifications.ts';
import type { NotifySocket } from './notify-socket.ts';
import type { DaemonParts } from './parts.ts';
import type { Plan } from './plan.ts';
import { blame, createRun, type Run } from './run.ts';
import { createRunProcesses } from './run-processes.ts';
import type { SavedRun } from './saved.ts';
import { type DaemonAction, type DaemonEvent, type DaemonState, isUp } from './state.ts';
import type { Store } from './store.ts';
import { type Watches, watchRun } from './watches.ts';

export type RunContext = {
  readonly parts: DaemonParts;
  readonly running: RunningService;
  readonly plan: Plan;
  readonly store: Store;
  readonly mainRecipe: MainRecipe;
  readonly notifySocket: NotifySocket;
  readonly lending: Lending;
  readonly directories: DirectoryHold;
  readonly state: () => DaemonState;
  readonly dispatch: (event: DaemonEvent) => void;
  /** Moves the deadline. */
  readonly extend: (by: Milliseconds) => void;
  /** Connections of relays to it. */
  readonly countHolds: () => number;
  /** Earlier runs seem to have taken nobody from the queues. */
  readonly isSuspect: boolean;
  /** Its main process, where that runs already. */
  readonly ahead: Ahead | undefined;
  readonly resetHistory: () => void;
  readonly onReady: () => void;
};

/** Its listeners are its own from here on, until close(). */
export const createLiveRun = (context: RunContext, saved?: SavedRun) => {
  const { parts, running, plan, store, mainRecipe, ahead, lending, state, dispatch } = context;
  const { runtime } = parts;
  const { clock, observer } = runtime;
  let isClosed = false;
  let hasToldOfNew = false;
  /** Nobody was left at the last look, and nobody has been started since. */
  let isDeserted = false;
  let watches: Watches | undefined;
  /** Why there is no notify socket. */
  let deaf: SystemError | undefined;
  /** Of the reload that was asked for, until it is told of: CLOCK_MONOTONIC in microseconds. */
  let reloadAsked: bigint | undefined;

  const id = (): string => running.prepared.service.id;
  const impair = (failure: Failure): void => observer.observe({ kind: 'impaired', service: id(), failure });
  const impairBy = ({ code, message }: SystemError): void => impair({ code, what: message });

  const lent = saved === undefined ? lending.lend() : lending.lendAgain(saved.listeners);
  const onStuck: Parameters<typeof createRun>[6] = ({ address }, waiting) =>
    observer.observe({ kind: 'queue-stuck', service: id(), address, waiting });
  const run: Run = createRun(
    runtime,
    plan,
    () => ahead?.invocation ?? mainRecipe.invocation(),
    lent,
    parts.isOthers,
    context.isSuspect,
    onStuck,
    saved,
    ahead?.seen,
  );
  const isCurrent = (): boolean => !isClosed;
  const processes = createRunProcesses(
    parts,
    running,
    run,
    store,
    mainRecipe,
    ahead?.pid,
    isCurrent,
    dispatch,
    impair,
  );

  const observeStopping = (why: DaemonStop): void =>
    observer.observe({ kind: 'daemon-stopping', service: id(), pid: run.main, why });

  /** The watchdog has not heard of it, or it says itself that it hangs. */
  const abort = (failure: Failure): void => {
    observeStopping('watchdog');
    blame(run, 'watchdog', failure);
    dispatch({ kind: 'abort' });
  };

  /** Without a main process that anybody knows it is over when all are gone. */
  const isAlone = (): boolean => {
    isDeserted = run.main === undefined && run.members.look().length === 0;
    return isDeserted;
  };

  /** Whether the last one that is waited for has ended. */
  const look = (): void => {
    if (state().kind === 'stopping' ? isOver(run) : isAlone()) dispatch({ kind: 'empty' });
  };

  // --- Directories ---

  let isMaking = saved === undefined && needsDirectories(plan.service);
  let begin = (): void => undefined;

  /** Nothing starts before they are there; what may come at an end does not wait. */
  const afterMaking = (act: () => void): void => {
    if (isMaking && state().kind === 'starting') begin = act;
    else act();
  };

  const makeDirectories = async (): Promise<void> => {
    const failure = await context.directories.make(plan.service);
    isMaking = false;
    if (isClosed || state().kind !== 'starting') return;
    if (failure === undefined) begin();
    else processes.failStart(failure);
  };

  // --- Messages ---

  const say = (pid: number, what: Extract<Event, { kind: 'daemon-said' }>['what'], text: string): void =>
    observer.observe({ kind: 'daemon-said', service: id(), pid, what, text });

  const effects: Effects = {
    tell: say,
    complain: (pid, why) => observer.observe({ kind: 'notify-ignored', service: id(), pid, why }),
    setMain: (pid) => processes.setMain(run, pid),
    store,
    onWatchdog: (what) => {
      if (what === 'alive') watches?.touchWatchdog();
      else abort({ code: 'EIO', what: `${plan.file} says that it hangs (WATCHDOG=trigger)` });
    },
    setWatchdog: (time) => {
      run.watchdogTime = time > 0 ? time : undefined;
      watches?.touchWatchdog();
    },
    extend: context.extend,
    resetRestarts: context.resetHistory,
    onReady: () => {
      if (state().kind !== 'reloading') processes.said();
      else if (reloadAsked === undefined) dispatch({ kind: 'ready' });
    },
    onReloading: (at) => {
      if (reloadAsked !== undefined && at !== undefined && at < reloadAsked) return;
      reloadAsked = undefined;
      dispatch({ kind: 'reloading-itself' });
    },
    onStopping: () => dispatch({ kind: 'stopping-itself' }),
  };

  const openMessages = (): void => {
    const { daemon, service } = plan;
    if (daemon.notifyAccess === 'none' && !daemon.type.startsWith('notify')) return;
    const senders = {
      access: () => run.access,
      mainPid: () => run.main,
      commandPid: () => run.command,
      isMember: run.members.includes,
      uid: service.credentials?.uid ?? process.getuid?.() ?? 0,
    };
    try {
      if (ahead === undefined && saved === undefined) context.notifySocket.discard();
      run.notifications = openNotifications(
        runtime,
        id,
        senders,
        (message, receipt) => heed(run, message, receipt, effects),
        context.notifySocket,
        saved?.notify,
      );
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // who could never say that it is ready is not started
      if (daemon.type.startsWith('notify')) deaf = error;
      else impairBy(error);
    }
  };

  const spawn = (at: number): void => {
    if (deaf === undefined) {
      processes.spawn(at);
      return;
    }
    parts.onStartError(running, deaf);
    processes.failStart({ code: deaf.code, what: deaf.message });
  };

  // --- Up ---

  const watch = (): void => {
    const isBusy = createActivity(runtime, run, context.countHolds, impairBy);
    watches = watchRun(runtime, run, isBusy, {
      onWatchdog: abort,
      onStop: (why, failure) => {
        observeStopping(why);
        blame(run, failure === undefined ? 'asked' : 'timeout', failure);
        dispatch({ kind: 'stop', restarts: false });
      },
    });
  };

  const tellReady = (): void => {
    run.isReady = true;
    run.upSince = clock.now();
    if (observer.isWanted('daemon-ready')) {
      const after = milliseconds(clock.now() - run.startedAt);
      observer.observe({ kind: 'daemon-ready', service: id(), pid: run.main, after });
    }
    if (isUp(state())) watch();
    context.onReady();
  };

  const signal = (how: Extract<DaemonAction, { kind: 'signal' }>['how']): void => {
    if (how === 'reload') reloadAsked = process.hrtime.bigint() / 1000n;
    // most often it has ended by itself, and left nobody behind who could be told
    else if (isAlone()) {
      dispatch({ kind: 'empty' });
      return;
    }
    signalRun(run, how);
    if (how !== 'reload') look();
  };

  /** It is up already, or nothing is left of it but that it counts as running. */
  const goOn = (begun: SavedRun): void => {
    processes.restore(begun.processes, begun.main, begun.startedAt);
    if (isUp(state())) watch();
  };

  openMessages();
  if (isMaking) void makeDirectories();
  return {
    run,

    perform: (action: DaemonAction): void => {
      switch (action.kind) {
        case 'run':
          isDeserted = false;
          afterMaking(() => processes.runCommand(action.list, action.at));
          break;
        case 'spawn':
          afterMaking(() => spawn(action.at));
          break;
        case 'end-command':
          processes.endCommand();
          break;
        case 'signal':
          signal(action.how);
          break;
        case 'look':
          look();
          break;
        case 'tell-ready':
          tellReady();
          break;
        default:
          break;
      }
    },

    goOn,
    /** Only while it rests. */
    save: (): SavedRun => {
      const { notifications, members, listeners, plan: _, queues, command, ...rest } = run;
      return {
        ...rest,
        notify: notifications && { descriptor: notifications.descriptor, address: notifications.address },
        members: members.save(),
        listeners: listeners.map(({ key }) => key),
        processes: processes.save(),
      };
    },

    isBusy: processes.isBusy,
    stopAwaiting: processes.stopAwaiting,
    stopWatching: (): void => watches?.stop(),
    touchIdle: (): void => watches?.touchIdle(),

    /** The start has taken too long. */
    onStartTimeout: (): void => {
      const after = showDuration(milliseconds(clock.now() - run.startedAt));
      const what = `${plan.file} was not ready after ${after}: ${processes.awaited()}`;
      observeStopping('start-timeout');
      blame(run, 'timeout', { code: 'ETIMEDOUT', what });
    },

    /** It does not have what the configuration gives it now. */
    tellOfNew: (): void => {
      const fresh = listenersOf(runtime, running).find((listener) => !run.listeners.includes(listener));
      if (fresh === undefined || hasToldOfNew) return;
      hasToldOfNew = true;
      const what = `the running server has no ${fresh.key} yet; restart it, or it is served from its next start on`;
      impair({ code: 'EBUSY', what });
    },

    /** Somebody wants its end, so it is no failure. */
    ask: (why: DaemonStop): void => {
      observeStopping(why);
      run.cause = 'asked';
    },

    onOrphanEnded: ({ pid, status }: Ended): void => {
      if (pid === run.main) processes.onProcessEnded(pid, { status: exitStatus(status), failure: undefined });
      else dispatch({ kind: 'process-ended' });
    },

    /** Nobody is asked any more. */
    kill: (): void => {
      if (run.command !== undefined) killCommand(run.command);
      signalRun(run, 'final');
    },

    /** Nothing that is left of it changes anything any more; the listeners are ours again. */
    close: (): void => {
      run.notifications?.drain();
      isClosed = true;
      processes.forget();
      watches?.stop();
      run.queues.stop();
      run.notifications?.close();
      // whoever is left behind must not speak for the next run
      if (run.notifications !== undefined && !isDeserted && !isAlone()) context.notifySocket.close();
      lending.takeBack(run.listeners);
    },
  };
};

export type LiveRun = ReturnType<typeof createLiveRun>;
