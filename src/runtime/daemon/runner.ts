// The daemon of one service: takes what happens through the table of step.ts, and decides what follows a run.
import type { DaemonStop, Failure } from '../../model/event.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import type { Ended } from '../../native/kernel.ts';
import { createDirectoryHold } from '../directory-holds.ts';
import type { DaemonHandle, RunningService } from '../running.ts';
import { type Ahead, startAhead } from './ahead.ts';
import { createDeadline, timeLimit } from './deadlines.ts';
import { createEventQueue } from './event-queue.ts';
import { createRunnerHandover } from './handover.ts';
import { createHistory } from './history.ts';
import { createHolds } from './holds.ts';
import { createLending, listenersOf } from './lending.ts';
import { createLiveRun, type LiveRun, type RunContext } from './live-run.ts';
import { createMainRecipe } from './main-recipe.ts';
import { createNotifySocket } from './notify-socket.ts';
import { createOrders } from './orders.ts';
import type { DaemonParts } from './parts.ts';
import { type Plan, planOf } from './plan.ts';
import { queuesOf } from './run.ts';
import {
  type DaemonAction,
  type DaemonEvent,
  type DaemonState,
  type Deadline,
  isAwaited,
  isOff,
  isUp,
} from './state.ts';
import { off, step } from './step.ts';
import { createStore } from './store.ts';
import { createWishes } from './wishes.ts';

/** While the next version of acceptd is awaited. */
const nextLook = milliseconds(100);

export type Runner = ReturnType<typeof createRunner>;

export const createRunner = (parts: DaemonParts, running: RunningService) => {
  const { runtime, states } = parts;
  const { clock, observer, kernel } = runtime;
  let state: DaemonState = off;
  /** Of the run that goes on, or of the last one. */
  let plan: Plan | undefined;
  let live: LiveRun | undefined;
  /** Of the run that is about to begin. */
  let ahead: Ahead | undefined;
  let pause: Milliseconds = milliseconds(0);
  let isRetired = false;
  /** For an end that may take as long as it takes, at our own end. */
  let patience: Milliseconds | undefined;
  let hasStarted = false;
  /** A start that nobody waits for came while the service was paused. */
  let isPutOff = false;
  const history = createHistory();
  const holds = createHolds();
  const ready = createWishes();
  const reloaded = createWishes();
  const gone = createWishes();
  const store = createStore(kernel, running.prepared.service.daemon?.storeLimit ?? 0);

  const mainRecipe = createMainRecipe(parts, running);
  const notifySocket = createNotifySocket(kernel);
  const id = (): string => running.prepared.service.id;
  const directories = createDirectoryHold(runtime, id);
  const isClosing = (): boolean => isRetired || runtime.isDraining;
  const stopped = (): Failure => ({ code: 'ESHUTDOWN', what: `${id()} is stopped` });

  // --- The machine ---

  const advance = (event: DaemonEvent): void => {
    if (plan === undefined) return;
    const before = state;
    const { state: next, actions } = step(plan.shape, before, event);
    state = next;
    if (isUp(before) && !isUp(next)) live?.stopWatching();
    if (isAwaited(before) && !isAwaited(next)) live?.stopAwaiting();
    for (const action of actions) perform(action);
    if (isOff(before) && !isOff(next)) lending.endWatch();
  };

  const { dispatch, isTaking } = createEventQueue(advance);

  const perform = (action: DaemonAction): void => {
    switch (action.kind) {
      case 'begin':
        begin();
        break;
      case 'deadline':
        deadline.set(action.of && timeOf(action.of));
        break;
      case 'settle':
        settle(action.restarts);
        break;
      case 'resume':
        if (action.starts) requestStart('counted');
        else goOff();
        break;
      case 'tell-reloaded':
        if (action.isWell) reloaded.fulfil();
        else reloaded.reject({ code: 'ECHILD', what: `${plan?.file ?? id()} has not reloaded` });
        break;
      default:
        live?.perform(action);
    }
  };

  const timeOf = (of: Deadline): Milliseconds | undefined => timeLimit(of, plan, pause, patience);

  const deadline = createDeadline(clock, () => {
    // whoever takes over has the same pause before him
    if (state.kind === 'pausing' && runtime.isHandingOver) {
      deadline.set(nextLook);
      return;
    }
    if (state.kind === 'starting') live?.onStartTimeout();
    dispatch({ kind: 'timeout' });
  });

  // --- Beginnings ---

  /** `free`: somebody has asked for it by name; `ahead`: a client waits for it, and nothing is under way. */
  const requestStart = (how: 'counted' | 'free' | 'ahead'): void => {
    const { service } = running.prepared;
    const next = plan?.service === service ? plan : planOf(service);
    if (isClosing() || runtime.isHandingOver || next === undefined || !isOff(state)) return;
    if (how !== 'free' && running.isPaused) {
      isPutOff ||= ready.count() === 0;
      return;
    }
    isPutOff = false;
    plan = next;
    const wait = how === 'free' ? undefined : history.takeStart(next, clock.now());
    if (wait === undefined) {
      if (how === 'ahead')
        ahead = startAhead(parts, running, next, { mainRecipe, notifySocket, store }, history.isSuspect());
      dispatch({ kind: 'start' });
      ahead = undefined;
      return;
    }
    pause = wait;
    observer.observe({ kind: 'suspended', service: id(), reason: 'rate', pause: wait });
    dispatch({ kind: 'pause', starts: !next.daemon.onDemand || ready.count() > 0 });
  };

  const begin = (): void => {
    if (plan === undefined) return;
    hasStarted = true;
    live = createLiveRun(contextOf(plan));
  };

  const contextOf = (planned: Plan): RunContext => ({
    parts,
    running,
    plan: planned,
    store,
    mainRecipe,
    notifySocket,
    lending,
    directories,
    state: () => state,
    dispatch,
    extend: deadline.extend,
    countHolds: holds.count,
    isSuspect: history.isSuspect(),
    ahead,
    resetHistory: history.forget,
    onReady: ready.fulfil,
  });

  // --- Ends ---

  const settle = (restartsNow: boolean): void => {
    const ended = live;
    live = undefined;
    const queues = queuesOf(ended?.run);
    ended?.close();
    if (restartsNow && !isRetired) requestStart('free');
    else if (ended !== undefined && !isRetired) decide(ended, queues);
    else goOff();
  };

  const decide = ({ run }: LiveRun, queues: Parameters<typeof history.judge>[1]): void => {
    const isSomebodyWaiting = queues.isSomebodyWaiting || ready.count() > 0;
    const findings = history.judge(run, { ...queues, isSomebodyWaiting }, clock.now());
    const { verdict, failure, hasFailedToStart } = findings;
    if (failure !== undefined) {
      const restartIn = verdict.kind === 'off' ? undefined : verdict.pause;
      observer.observe({ kind: 'daemon-failed', service: id(), pid: run.main, failure, restartIn });
      if (hasFailedToStart) ready.reject(failure);
    }
    if (verdict.kind === 'off') {
      goOff();
      return;
    }
    directories.release(verdict.kind === 'restart');
    pause = verdict.pause;
    if (verdict.kind === 'back-off')
      observer.observe({ kind: 'respawning', service: id(), pause, failures: history.failures() });
    if (run.plan.daemon.flushesPending) lending.flush();
    dispatch({ kind: 'pause', starts: verdict.kind === 'restart' });
  };

  /** The next client starts it, who may be waiting already. */
  const goOff = (): void => {
    if (plan?.daemon.flushesPending === true && hasStarted) lending.flush();
    directories.release();
    states.updateService(running);
    mainRecipe.prepare();
    if (isRetired) {
      ready.reject(stopped());
      gone.fulfil();
    } else if (ready.count() > 0) requestStart('counted');
  };

  const stop = (why: DaemonStop, restartsThen: boolean): void => {
    if (!isOff(state) && state.kind !== 'stopping') live?.ask(why);
    dispatch({ kind: 'stop', restarts: restartsThen });
  };

  // --- For everybody else ---

  const handle: DaemonHandle = {
    resume: () => {
      if (state.kind === 'off' && (isPutOff || ready.count() > 0)) requestStart('counted');
    },
    signal: (number) => live?.run.members.signal(number) ?? 0,
    trigger: () => {
      if (state.kind === 'off') requestStart(isTaking() ? 'counted' : 'ahead');
    },
    awaitsClients: () => state.kind === 'off' && !isRetired,
    holds: (listener) => live?.run.listeners.includes(listener) === true,
    mainPid: () => live?.run.main,
    processes: () =>
      [live?.run.main, live?.run.command].filter((pid) => pid !== undefined && runtime.instances.has(pid))
        .length,
    isPausing: () => state.kind === 'pausing',
  };

  const lending = createLending(parts, running, handle);

  /** What failed before may work by now. */
  const retry = (): void => {
    if (state.kind !== 'pausing') return;
    history.forget();
    history.forgetStarts();
    dispatch({ kind: 'timeout' });
  };

  /** Who wants it now, although nobody could be started a moment ago. */
  const wake = (): void => {
    if (state.kind === 'off' && ready.count() > 0) requestStart('counted');
  };

  const read = () => ({ state, plan, live, hasStarted, isPutOff, until: deadline.at() });

  return {
    handle,
    retry,
    wake,
    ...createOrders({
      running,
      ready,
      reloaded,
      isClosing,
      stopped,
      read,
      requestStart,
      stop,
      retry,
      dispatch,
    }),
    ...createRunnerHandover({
      runtime,
      running,
      store,
      history,
      directories,
      isIdle: () => !isTaking() && !isRetired,
      read,
      forget: () => {
        deadline.clear();
        state = off;
        live = undefined;
        lending.takeBack(listenersOf(runtime, running));
      },
      write: (saved) => {
        plan = saved.planned && planOf(saved.planned);
        ({ state, hasStarted, isPutOff } = saved);
        if (saved.until !== undefined) deadline.set(milliseconds(Math.max(0, saved.until - clock.now())));
        if (plan === undefined || saved.run === undefined) return;
        live = createLiveRun(contextOf(plan), saved.run);
        live.goOn(saved.run);
      },
    }),

    hold: (): (() => void) => holds.add(() => live?.touchIdle()),

    /** For good; resolves when nothing is left of it. */
    retire: (why: DaemonStop, endless?: Milliseconds): Promise<void> => {
      isRetired = true;
      patience = endless;
      if (state.kind === 'stopping' && endless !== undefined && timeOf('stop') === endless)
        deadline.set(endless);
      return new Promise<void>((resolve) => {
        gone.add(() => resolve());
        if (state.kind === 'off') goOff();
        else stop(why, false);
      }).then(directories.settled);
    },

    /** What it has left with us goes with its service. */
    closeStore: (): void => {
      store.closeAll();
      if (live === undefined) notifySocket.close();
    },
    kill: (): void => live?.kill(),
    onOrphanEnded: (ended: Ended): void => live?.onOrphanEnded(ended),
  };
};
