// When a listener is watched: one rule, and the states that change what it says.
import { backOff, instancesLeft } from '../admission/limits.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Failure, RefusalReason } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';
import { isLent, type RunningListener, type RunningService, type Runtime } from './running.ts';
import { isCrowded } from './visitors.ts';

/** Built-ins need no process: a shortage of those does not concern them. */
const isShort = ({ shortage }: Pick<Runtime, 'shortage'>, { service }: RunningListener): boolean =>
  shortage.cancel !== undefined &&
  (shortage.of === 'descriptors' || service.prepared.service.answer.kind === 'program');

/** Its daemon starts, runs or pauses. */
const isDaemonsBusiness = ({ service: { daemon, prepared } }: RunningListener): boolean =>
  daemon !== undefined && prepared.service.mode === 'whole-socket' && !daemon.awaitsClients();

/** Every reason for which clients are left in the kernel's queue. */
export const shouldWatch = (
  runtime: Pick<Runtime, 'shortage' | 'isDraining' | 'isHandingOver'>,
  listener: RunningListener,
): boolean =>
  listener.descriptor !== undefined &&
  !isLent(listener) &&
  !isDaemonsBusiness(listener) &&
  !listener.isAsking &&
  !listener.isChanging &&
  listener.respawning.cancel === undefined &&
  !listener.service.isHeld &&
  !listener.service.isPaused &&
  listener.service.suspension === undefined &&
  !isShort(runtime, listener) &&
  !runtime.isHandingOver &&
  !runtime.isDraining;

/** Brings the kernel in line with the rule; to be called after every change of what the rule reads. */
export const updateWatch = (
  runtime: Runtime,
  listener: RunningListener,
  onReady: (listener: RunningListener) => void,
): void => {
  const { kernel } = runtime;
  const isWanted = shouldWatch(runtime, listener);
  if (listener.descriptor === undefined || isWanted === listener.isWatched) return;
  listener.isWatched = isWanted;
  if (!isWanted) {
    kernel.unwatch(listener.descriptor);
    return;
  }
  // the server that had it may have left it otherwise, and the mode may have changed meanwhile
  kernel.setBlocking(listener.descriptor, listener.service.prepared.service.mode === 'whole-socket');
  kernel.watch(listener.descriptor, () => onReady(listener));
};

/** The descriptor that is given up when there is no other; undefined when there is not even this one. */
export const openReserve = (kernel: Kernel): Descriptor | undefined => {
  try {
    return kernel.openNull();
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
};

/** The states that hold a service or everything back, and their ends. */
export const createStates = (
  runtime: Runtime,
  onReady: (listener: RunningListener) => void,
  /** Closes a listener for a while, and opens it again. */
  door: {
    readonly shut: (listener: RunningListener) => void;
    readonly open: (listener: RunningListener) => void;
  },
) => {
  const update = (listener: RunningListener): void => updateWatch(runtime, listener, onReady);
  const updateService = (service: RunningService): void => {
    for (const listener of service.listeners) update(listener);
  };
  const updateAll = (): void => {
    for (const listener of runtime.listeners.values()) update(listener);
  };

  /** At its limit of instances, until one ends; or at another limit. */
  const enterHeld = (service: RunningService, limit = service.limits.instances ?? 0): void => {
    if (service.isHeld) return;
    service.isHeld = true;
    updateService(service);
    runtime.observer.observe({ kind: 'held', service: service.prepared.service.id, limit });
  };

  const leaveHeld = (service: RunningService): void => {
    if (!service.isHeld || isCrowded(service)) return;
    if (instancesLeft(service.usage, service.limits) === 0) return;
    service.isHeld = false;
    updateService(service);
  };

  /**
   * Beyond its rate, for the pause that the rate says, or for another reason; it comes back by itself. Its sockets stay
   * bound, unless the rate is to close them.
   */
  const enterSuspended = (
    service: RunningService,
    reason: RefusalReason,
    pause = service.limits.rate?.pause,
  ): void => {
    const { limits, prepared } = service;
    if (service.suspension !== undefined || pause === undefined) return;
    beginSuspension(service, pause);
    if (reason === 'rate' && limits.onRate === 'close')
      for (const listener of service.listeners) door.shut(listener);
    updateService(service);
    runtime.observer.observe({ kind: 'suspended', service: prepared.service.id, reason, pause });
  };

  const beginSuspension = (service: RunningService, pause: Milliseconds): void => {
    service.suspendedUntil = milliseconds(runtime.clock.now() + pause);
    service.suspension = runtime.clock.after(pause, () => leaveSuspended(service));
  };

  const leaveSuspended = (service: RunningService): void => {
    if (service.suspension === undefined) return;
    service.suspension();
    service.suspension = undefined;
    service.suspendedUntil = undefined;
    runtime.observer.observe({ kind: 'resumed', service: service.prepared.service.id });
    for (const listener of service.listeners) door.open(listener);
    updateService(service);
  };

  /** A reload may have raised the limit that holds a service. */
  const reconsider = (service: RunningService): void => {
    service.isHeld = false;
    updateService(service);
  };

  /** Out of descriptors or processes: what needs them pauses, so that the shortage can end and nothing spins. */
  const enterShortage = (of: 'descriptors' | 'processes', failure: Failure): void => {
    const { shortage, clock, observer } = runtime;
    if (shortage.cancel !== undefined && (of === 'processes' || shortage.of === 'descriptors')) return;
    shortage.cancel?.();
    shortage.of = of;
    shortage.failures += 1;
    const pause = backOff(shortage.failures, milliseconds(50), milliseconds(1000));
    shortage.cancel = clock.after(pause, () => {
      shortage.cancel = undefined;
      runtime.reserve ??= openReserve(runtime.kernel);
      updateAll();
    });
    updateAll();
    observer.observe({ kind: 'shortage', of, pause, failure });
  };

  return {
    update,
    updateService,
    updateAll,
    enterHeld,
    leaveHeld,
    enterSuspended,
    beginSuspension,
    leaveSuspended,
    reconsider,
    enterShortage,
  };
};

export type States = ReturnType<typeof createStates>;
