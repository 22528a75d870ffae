// Running answers: registered when they start, released when they end.
import { backOff, leaveInstance, type Source } from '../admission/limits.ts';
import type { ExitStatus, Failure } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import type { Ended, Trace } from '../native/kernel.ts';
import type { Started } from '../serve/surface.ts';
import { countRun, isUntouched, lookAtQueue, patientRuns } from './queue.ts';
import {
  type BuiltinInstance,
  countAnswers,
  type DaemonProcess,
  type Instance,
  type RunningListener,
  type RunningService,
  type Runtime,
} from './running.ts';
import { listenAgain } from './socket.ts';
import type { States } from './watch.ts';

/** The parts of a status of wait4(2). */
export const exitStatus = (status: number): ExitStatus => {
  const signal = status & 0x7f;
  return signal === 0
    ? { kind: 'exit', code: (status >> 8) & 0xff }
    : { kind: 'signal', signal, dumpedCore: (status & 0x80) !== 0 };
};

const shortestPause = milliseconds(10);
const longestPause = milliseconds(30_000);
/** A server that worked for so long did something, whatever waits now. */
const longRun = milliseconds(5_000);

/** `onOrphanEnded` hears of children that nobody of us has started. */
export const createInstances = (runtime: Runtime, states: States, onOrphanEnded: (ended: Ended) => void) => {
  const { kernel, clock, observer, instances } = runtime;

  /**
   * An answer whose place is taken already. `client` is whom it serves, as far as that is known; what is wanted for an
   * event is made only when somebody listens.
   */
  const register = (
    service: RunningService,
    started: Started,
    record: ConnectionRecord | undefined,
    source: Source | undefined,
    lent: Instance['lent'],
  ): void => {
    if (started.kind === 'builtin') {
      if (record === undefined) throw new Error('what acceptd answers itself has a client');
      const what = service.prepared.service.answer.kind === 'relay' ? 'relay' : 'built-in';
      registerBuiltin({ service, what, record, startedAt: clock.now() }, started, source);
      return;
    }
    const { pid } = started;
    instances.set(pid, { pid, service, source, record, startedAt: clock.now(), lent, daemon: undefined });
    if (observer.isWanted('started')) {
      const peer = record && peerOf(record);
      observer.observe({ kind: 'started', service: service.prepared.service.id, pid, peer });
    }
  };

  const registerBuiltin = (
    builtin: BuiltinInstance,
    { stop, talk }: Extract<Started, { kind: 'builtin' }>,
    source: Source | undefined,
  ): void => {
    runtime.builtins.set(stop, builtin);
    if (talk !== undefined) runtime.talks.set(stop, { service: builtin.service, source, talk });
  };

  /** A process of the service's daemon; one that was there before is known from now on. */
  const registerProcess = (
    service: RunningService,
    pid: number,
    daemon: DaemonProcess,
    startedAt?: Milliseconds,
  ): void => {
    const none = { source: undefined, record: undefined, lent: undefined };
    instances.set(pid, { pid, service, ...none, startedAt: startedAt ?? clock.now(), daemon });
    if (startedAt === undefined && observer.isWanted('started'))
      observer.observe({
        kind: 'started',
        service: service.prepared.service.id,
        pid,
        peer: undefined,
        isDaemon: true,
      });
  };

  const release = (service: RunningService, source: Source | undefined): void => {
    leaveInstance(service.usage, source);
    if (service.usage.live === 0) service.directories.becomeIdle();
    states.leaveHeld(service);
    if (runtime.isDraining && countAnswers(runtime) === 0) runtime.whenIdle?.();
  };

  /** The whole socket is ours again: watched at once, or later when its server cannot keep up with what waits. */
  const takeBack = (
    lent: NonNullable<Instance['lent']>,
    duration: Milliseconds,
    failure: Failure | undefined,
  ): void => {
    const { listener, waiting } = lent;
    listener.owner = undefined;
    if (listener.descriptor === undefined) return;
    const { mode } = listener.service.prepared.service;
    listenAgain(kernel, listener.service.prepared.service, listener.address, listener.descriptor);
    const wasClose = waiting.clients !== undefined;
    const left = lookAtQueue(kernel, listener.address, listener.descriptor, wasClose);
    const isOfNoUse = isUntouched(waiting, left) && duration < longRun;
    const { respawning } = listener;
    countRun(respawning, { hasFailed: failure !== undefined, isUntouched: isOfNoUse, wasClose }, clock.now());
    const counted = failure === undefined ? respawning.failures - patientRuns : respawning.failures;
    const isPaused = mode === 'whole-socket' && left.length > 0 && counted > 0;
    if (isPaused) enterRespawning(listener, backOff(counted, shortestPause, longestPause));
    states.update(listener);
  };

  const enterRespawning = (listener: RunningListener, pause: Milliseconds): void => {
    const { respawning, service } = listener;
    respawning.until = milliseconds(clock.now() + pause);
    respawning.cancel = clock.after(pause, () => {
      respawning.cancel = undefined;
      states.update(listener);
    });
    const { failures } = respawning;
    observer.observe({ kind: 'respawning', service: service.prepared.service.id, pause, failures });
  };

  /** A child of ours has ended. As PID 1, and where there are daemons, there are orphans too. */
  const onEnded = (ended: Ended, trace: Trace | undefined): void => {
    const instance = instances.get(ended.pid);
    if (instance === undefined) {
      onOrphanEnded(ended);
      return;
    }
    instances.delete(ended.pid);
    const { service, source, record, lent, daemon } = instance;
    const { id, answer } = service.prepared.service;
    const duration = milliseconds(clock.now() - instance.startedAt);
    const isWanted = ended.failure !== undefined || observer.isWanted('exited');
    const peer = isWanted && record ? peerOf(record) : undefined;
    const program = answer.kind === 'program' ? answer.file : id;
    const failure = ended.failure && {
      code: ended.failure.code,
      what: ended.failure.what.replace('%', daemon?.file ?? program),
    };
    if (failure !== undefined) {
      const whose = daemon === undefined ? {} : { isDaemon: true as const };
      observer.observe({ kind: 'start-failed', service: id, pid: ended.pid, failure, peer, ...whose });
    } else if (isWanted) {
      observer.observe({
        kind: 'exited',
        service: id,
        pid: ended.pid,
        status: exitStatus(ended.status),
        duration,
        userTime: milliseconds(ended.userMicroseconds / 1000),
        systemTime: milliseconds(ended.systemMicroseconds / 1000),
        peakKibibytes: ended.peakKibibytes === 0 ? undefined : ended.peakKibibytes,
        peer,
      });
    }
    if (trace !== undefined && ended.failure === undefined && observer.isWanted('traced')) {
      const { port, moments } = trace;
      const status = exitStatus(ended.status);
      observer.observe({ kind: 'traced', service: id, pid: ended.pid, port, ...moments, status });
    }
    if (daemon !== undefined) {
      service.log?.finish(ended.pid);
      daemon.onEnded({ status: exitStatus(ended.status), failure });
      return;
    }
    release(service, source);
    service.log?.finish(ended.pid);
    if (lent !== undefined) takeBack(lent, duration, ended.failure);
  };

  return { register, registerBuiltin, registerProcess, release, onEnded };
};

export type Instances = ReturnType<typeof createInstances>;
