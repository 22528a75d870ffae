// The running server: brings what runs in line with a configuration, drains it, stops it.

import { createSensorList } from '../admission/sensor-list.ts';
import { createSourceRates } from '../admission/source-rates.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { type Ended, openKernel, type Trace } from '../native/kernel.ts';
import { findHost, type Host } from '../serve/host.ts';
import type { MuxMember, Surface } from '../serve/surface.ts';
import { createAcceptance, createRoom } from './accept.ts';
import { observeAccepted } from './accepted.ts';
import { createAnswers } from './answers.ts';
import { createApply } from './apply.ts';
import { createBanners } from './banners.ts';
import { checkConsistency } from './consistency.ts';
import { assembleDaemonParts } from './daemon/assemble.ts';
import { createDaemons } from './daemon/daemons.ts';
import { builtinDatagramPorts, createDatagramGate } from './datagram-gate.ts';
import { createDatagramInstances } from './datagram-instances.ts';
import { createDirectoryKeeper } from './directory-holds.ts';
import { createEffects } from './effects.ts';
import { createEntrance } from './entrance.ts';
import { createGate } from './gate.ts';
import { createHandover } from './handover/handover.ts';
import type { SavedRuntime } from './handover/saved.ts';
import { createInheritance, type Inherited, type ListenerStore } from './inheritance.ts';
import { createInstances } from './instances.ts';
import { createLifetimes } from './lifetimes.ts';
import { createListeners } from './listener.ts';
import { createLoadAverage } from './load-average.ts';
import { examineServices } from './plan.ts';
import { createQuestions } from './questions.ts';
import { createReception } from './reception.ts';
import { createRpcRegistrar } from './rpc.ts';
import type { RunningListener, Runtime } from './running.ts';
import { createServices } from './services.ts';
import { createShellCommands } from './shell-commands.ts';
import { prepareBanners } from './speech.ts';
import { describeServices, describeState } from './state.ts';
import { createSteering } from './steering.ts';
import { createStop } from './stopping.ts';
import { createStrictReload } from './strict-reload.ts';
import { createTakeOver } from './take-over.ts';
import { createVisitors } from './visitors.ts';
import { createStates, openReserve } from './watch.ts';
import { createWholeSocket } from './whole-socket.ts';

export type Supervisor = ReturnType<typeof createSupervisor>;

export type SupervisorOptions = {
  readonly clock: Clock;
  readonly observer: Observer;
  /** acceptd's own environment, of which `passenv` takes. */
  readonly environment: Host['environment'];
  /** For tools that cannot follow children in shared memory; see openKernel. */
  readonly copiesMemory?: boolean;
  /** Processes of all services together. */
  readonly processLimit?: number | undefined;
  /** Sockets that acceptd was started with, and who keeps its own for its next start. */
  readonly inherited?: readonly Inherited[];
  readonly store?: ListenerStore | undefined;
  /** A reload ends instances whose service is gone, or whose client may not come any more. */
  readonly strictReload?: boolean;
};

export const createSupervisor = ({
  clock,
  observer,
  environment,
  copiesMemory = false,
  processLimit = Number.POSITIVE_INFINITY,
  strictReload = false,
  inherited = [],
  store,
}: SupervisorOptions) => {
  const kernel = openKernel({
    onEnded: (ended: Ended, trace: Trace | undefined) => {
      lifetimes.forget(ended.pid);
      if (!commands.onEnded(ended)) registry.onEnded(ended, trace);
    },
    copiesMemory,
  });
  const host = findHost({ environment, descriptorLimit: kernel.descriptorLimit });

  const surface: Surface = {
    kernel,
    clock,
    observer,
    muxMembers: () => members,
    enterMember: (member, client, how) => {
      const service = services.get(member.prepared.service.id);
      if (service === undefined) {
        how.onRefused(client);
        return;
      }
      observeAccepted(runtime, service, 1);
      reception.enter(service, client, how);
    },
    mayAnswer: ({ service: { id } }, record) => {
      const service = services.get(id);
      return service !== undefined && datagramGate.mayAnswer(service, record);
    },
    internalDatagramPorts: () => datagramPorts,
    backends: {
      demand: (prepared, onDone) => daemons.demand(prepared.service.id, onDone),
      hold: (prepared) => daemons.hold(prepared.service.id),
    },
    enterWait: ({ service: { id } }, dismiss) => {
      const service = services.get(id);
      const leave = service && visitors.enter(service, dismiss, 'elsewhere');
      if (service === undefined || leave === undefined) return undefined;
      return () => {
        const isOver = leave();
        states.leaveHeld(service);
        return isOver;
      };
    },
  };
  const runtime: Runtime = {
    kernel,
    clock,
    observer,
    sourceRates: createSourceRates(),
    surface,
    services: new Map(),
    listeners: new Map(),
    instances: new Map(),
    visitors: new Set(),
    banners: createBanners(clock),
    directories: createDirectoryKeeper(),
    sensors: createSensorList(),
    wrapperRules: undefined,
    loadAverage: createLoadAverage(clock),
    processLimit,
    builtins: new Map(),
    talks: new Map(),
    endingLogs: new Map(),
    shortage: { of: 'descriptors', failures: 0, cancel: undefined },
    reserve: openReserve(kernel),
    isDraining: false,
    isHandingOver: false,
    whenIdle: undefined,
  };
  const { services } = runtime;
  const states = createStates(runtime, (listener: RunningListener) => acceptance.onReady(listener), {
    shut: (listener) => listeners.shut(listener),
    open: (listener) => listeners.reopen(listener),
  });
  const daemons = createDaemons(() => parts);
  const registry = createInstances(runtime, states, daemons.onOrphanEnded);
  const visitors = createVisitors(runtime);
  const commands = createShellCommands({ kernel, clock });
  const effects = createEffects(kernel, host, commands);
  const questions = createQuestions(runtime, effects);
  const gate = createGate(runtime, questions);
  const lifetimes = createLifetimes(runtime);
  const answers = createAnswers(runtime, states, registry, visitors, lifetimes);
  const reception = createReception(runtime, states, registry, answers, visitors, gate, questions, effects);
  const datagramGate = createDatagramGate(runtime, states, gate, questions, effects);
  const wholeSocket = createWholeSocket(runtime, states, registry, answers, gate, datagramGate, effects);
  const datagrams = createDatagramInstances(runtime, states, answers, datagramGate, effects);
  const makeRoom = createRoom(runtime, states);
  const acceptance = createAcceptance(
    runtime,
    makeRoom,
    answers,
    reception,
    wholeSocket,
    datagrams,
    datagramGate,
  );
  const takeOver = createTakeOver(runtime, acceptance.enter);
  const enforce = createStrictReload(runtime, gate, questions);
  const rpc = createRpcRegistrar(kernel, clock, observer);
  const inheritance = createInheritance(kernel, inherited);
  const entrance = createEntrance(clock, questions);
  const listeners = createListeners(runtime, states, entrance, inheritance, store, () =>
    rpc.sync(runtime.listeners.values()),
  );
  const serviceTable = createServices(runtime, states, host, daemons);
  const parts = assembleDaemonParts(runtime, states, host, {
    instances: registry,
    answers,
    listeners,
    commands,
  });
  let members: readonly MuxMember[] = [];
  let datagramPorts: ReadonlySet<number> = new Set();

  /** What is known of all services together. */
  const onServices = (wanted: readonly ResolvedService[]): void => {
    members = wanted.flatMap(({ id, mux }) => {
      const running = services.get(id);
      return mux === undefined || running === undefined ? [] : [{ ...mux, prepared: running.prepared }];
    });
    datagramPorts = builtinDatagramPorts(wanted);
  };

  const { plan, apply, isApplying } = createApply(runtime, {
    states,
    services: serviceTable,
    listeners,
    takeOver,
    inheritance,
    store,
    rpc,
    daemons,
    enforce: strictReload ? enforce : undefined,
    onServices,
  });
  const steering = createSteering(runtime, { states, gate, questions, host, plan });

  const { stop, stopNow, leave } = createStop(runtime, {
    closeListeners: () => {
      for (const listener of [...runtime.listeners.values()]) listeners.close(listener, true);
      rpc.sync([]);
    },
    dismissVisitors: visitors.dismissAll,
    daemons,
    settle: async () => {
      commands.stop();
      daemons.closeStores();
      await rpc.settle();
      await serviceTable.retireAll();
    },
  });

  const handover = createHandover(runtime, {
    states,
    services: serviceTable,
    listeners,
    answers,
    lifetimes,
    daemons,
    isApplying,
    commands,
    inheritance,
    onServices: () => onServices([...services.values()].map(({ prepared }) => prepared.service)),
    enter: acceptance.enter,
    enterMux: acceptance.enterMux,
  });

  /** Takes the place of the version before us, in place of the first apply(); gives what could not be had, in words. */
  const takePlace = (saved: SavedRuntime): readonly string[] => {
    kernel.traceConnections(observer.isWanted('traced'));
    const lost = handover.restore(saved);
    // what could not be opened before is tried anew; what waits after failures has its time
    for (const listener of runtime.listeners.values()) listeners.reopen(listener);
    rpc.sync(runtime.listeners.values());
    prepareBanners(runtime);
    return lost;
  };

  return {
    kernel,
    handover,
    takePlace,
    /** Runs another program of ours beside the handlers. */
    startErrand: commands.start,
    /** To be awaited before apply() where there are many services: what it compares is looked at in the background. */
    examine: examineServices,
    /** What it did, as plan() of `steering` would have said; see apply.ts. */
    apply,
    isApplying,
    steering,
    stop,
    stopNow,
    leave,
    snapshot: () => describeServices(runtime),
    state: () => describeState(runtime),
    checkConsistency: () => checkConsistency(runtime),
    retryNow: (): void => {
      listeners.retryNow();
      daemons.retryNow();
    },
    /** Stops the daemon of a service and starts it again while its clients wait; what came of it, once it is ready. */
    restart: daemons.restart,
    /** Has the daemon of a service read its configuration again. */
    reloadDaemon: daemons.reload,
    /** hosts.allow and hosts.deny from here on; not consulted before. */
    setWrapperRules: (rules: WrapperRules): void => {
      runtime.wrapperRules = rules;
    },
    trimMemory: kernel.trimMemory,
  };
};
