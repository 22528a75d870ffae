// One run of a daemon, from the commands before it to those after it: what is known of it, for those who act on it.
import type { NotifyAccess } from '../../model/daemon.ts';
import type { DaemonStop, ExitStatus, Failure } from '../../model/event.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { RunningListener, Runtime } from '../running.ts';
import type { Cause, End } from './ends.ts';
import { createMembers, type Members } from './members.ts';
import type { Notifications } from './notifications.ts';
import type { Plan } from './plan.ts';
import { type QueueWatch, type Seen, watchQueues } from './queue-watch.ts';
import type { SavedRun } from './saved.ts';

export type Run = {
  readonly plan: Plan;
  /** Of its processes only: INVOCATION_ID. */
  readonly invocation: string;
  readonly startedAt: Milliseconds;
  /** Since when it takes connections. */
  upSince: Milliseconds | undefined;
  readonly members: Members;
  readonly listeners: readonly RunningListener[];
  readonly queues: QueueWatch;
  notifications: Notifications | undefined;
  access: NotifyAccess;
  main: number | undefined;
  /** The command beside it. */
  command: number | undefined;
  /** Of the main process, once it has ended. */
  status: ExitStatus | undefined;
  isReady: boolean;
  /** What went wrong first. */
  failure: Failure | undefined;
  /** How it came to its end; the first cause is the one. */
  cause: Cause | undefined;
  why: DaemonStop | undefined;
  isMainWell: boolean;
  watchdogTime: Milliseconds | undefined;
};

export const createRun = (
  runtime: Runtime,
  plan: Plan,
  newInvocation: () => string,
  listeners: readonly RunningListener[],
  isOthers: (pid: number) => boolean,
  isSuspect: boolean,
  onStuck: (listener: RunningListener, waiting: number) => void,
  saved: SavedRun | undefined,
  seen: readonly Seen[] | undefined,
): Run => {
  const invocation = saved?.invocation ?? newInvocation();
  const members = createMembers(`INVOCATION_ID=${invocation}`, isOthers);
  members.restore(saved?.members ?? []);
  return {
    plan,
    invocation,
    startedAt: saved?.startedAt ?? runtime.clock.now(),
    upSince: saved?.upSince,
    members,
    listeners,
    queues: watchQueues(runtime.kernel, runtime.clock, listeners, isSuspect, onStuck, seen),
    notifications: undefined,
    access: saved?.access ?? plan.daemon.notifyAccess,
    main: undefined,
    command: undefined,
    status: saved?.status,
    isReady: saved?.isReady ?? false,
    failure: saved?.failure,
    cause: saved?.cause,
    why: saved?.why,
    isMainWell: saved?.isMainWell ?? true,
    watchdogTime: saved === undefined ? plan.daemon.watchdog : saved.watchdogTime,
  };
};

export const blame = (run: Run, cause: Cause, failure: Failure | undefined): void => {
  run.cause ??= cause;
  run.failure ??= failure;
};

/** To be asked before the listeners are given back: afterwards others may take from the queues. */
export const queuesOf = (run: Run | undefined) => ({
  isUntouched: run?.queues.isUntouched() ?? false,
  isSomebodyWaiting: run?.queues.isSomebodyWaiting() ?? false,
});

export const endOf = (run: Run): End => ({
  cause: run.cause ?? 'itself',
  status: run.status,
  isWell: run.failure === undefined && run.isMainWell,
});
