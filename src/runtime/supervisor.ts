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
import { createAnswers } from './answers.ts';
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
import { examineServices, isSameService, planListeners } from './plan.ts';
import { createQuestions } from './questions.ts';
import { createReception } from './reception.ts';
import { createRpcRegistrar } from './rpc.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import { createServices } from './services.ts';
import { createShellCommands } from './shell-commands.ts';
import { isFile } from './socket-place.ts';
import { prepareBanners } from './speech.ts';
import { describeServices, describeState } from './state.ts';
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
      if (service === undefined) how.onRefused(client);
      else reception.enter(service, client, how);
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

  const runningOf = ({ id }: ResolvedService): RunningService => {
    const running = services.get(id);
    if (running === undefined) throw new Error(`${id} was not prepared`);
    return running;
  };

  /** What is known of all services together. */
  const note = (wanted: readonly ResolvedService[]): void => {
    members = wanted.flatMap((service) =>
      service.mux === undefined ? [] : [{ ...service.mux, prepared: runningOf(service).prepared }],
    );
    datagramPorts = builtinDatagramPorts(wanted);
  };

  const isAsItIs = (wanted: readonly ResolvedService[]): boolean =>
    wanted.length === services.size &&
    wanted.every((service) => {
      const running = services.get(service.id);
      return running !== undefined && isSameService(running.prepared.service, service);
    });

  /** The most frequent reload of all: nothing is different, and what failed before may work by now. */
  const refreshAll = (): void => {
    for (const service of services.values()) states.reconsider(service);
    listeners.retryNow();
    prepareBanners(runtime);
    if (strictReload) enforce();
    daemons.sync(strictReload);
    const nothing = { opened: 0, retuned: 0, closed: 0, added: 0, dropped: [] };
    observer.observe({ kind: 'applied', services: services.size, kept: runtime.listeners.size, ...nothing });
  };

  /**
   * Brings listeners and services in line with a configuration. What has the same address keeps its socket; instances
   * go on; a listener whose address changes is open before the old one closes.
   */
  const apply = (wanted: readonly ResolvedService[]): void => {
    // a reload that was under way when the end began
    if (runtime.isDraining || runtime.isHandingOver) return;
    // asked here and not for each connection: who wants it says so before the services come
    kernel.traceConnections(observer.isWanted('traced'));
    if (isAsItIs(wanted)) {
      refreshAll();
      return;
    }
    const plan = planListeners(runtime.listeners, wanted);
    const before = new Map([...services].map(([id, { prepared }]) => [id, prepared]));
    const retireOld = serviceTable.replace(wanted);
    const isChanged = (service: ResolvedService): boolean =>
      before.get(service.id) !== runningOf(service).prepared;
    note(wanted);
    for (const { key, address, service } of plan.keep) {
      const listener = runtime.listeners.get(key);
      if (listener === undefined) continue;
      const running = runningOf(service);
      // with thousands of listeners, setting what is set already would hold up everybody
      if (listener.service === running && !isChanged(service)) listeners.refresh(listener);
      else listeners.pass(listener, address, running);
    }
    // two unix sockets cannot have one path even for a moment
    for (const { key, address } of plan.close) if (isFile(address)) closeListener(key, undefined);
    for (const { key, address, service, replaces } of plan.open) {
      const overlapping = replaces.flatMap((each) => runtime.listeners.get(each)?.descriptor ?? []);
      listeners.open(listeners.add(key, address, runningOf(service)), overlapping);
    }
    for (const { key, successor } of plan.close)
      closeListener(key, successor === undefined ? undefined : runningOf(successor));
    retireOld();
    for (const service of services.values()) states.reconsider(service);
    // what failed before may work by now
    for (const { key } of plan.keep) {
      const listener = runtime.listeners.get(key);
      if (listener !== undefined && listener.descriptor === undefined) listeners.retry(listener);
    }
    for (const { name, what } of inheritance.closeUnused(store))
      observer.observe({ kind: 'inherited-unused', name, what });
    rpc.sync(runtime.listeners.values());
    prepareBanners(runtime);
    if (strictReload) enforce();
    daemons.sync(strictReload);
    observer.observe({
      kind: 'applied',
      services: wanted.length,
      opened: plan.open.length,
      kept: plan.keep.length,
      retuned: plan.keep.filter(({ service }) => isChanged(service)).length,
      closed: plan.close.length,
      added: wanted.filter(({ id }) => !before.has(id)).length,
      dropped: [...before.keys()].filter((id) => !services.has(id)),
    });
  };

  /** Closes a listener after handing on what waits there. */
  const closeListener = (key: string, successor: RunningService | undefined): void => {
    const listener = runtime.listeners.get(key);
    if (listener === undefined) return;
    const close = (): void => listeners.close(listener);
    if (successor === undefined || listener.keeper === 'manager') close();
    else takeOver(listener, successor, close);
  };

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
    commands,
    inheritance,
    enter: acceptance.enter,
    enterMux: acceptance.enterMux,
  });

  /** Takes the place of the version before us, in place of the first apply(). */
  const takePlace = (saved: SavedRuntime): void => {
    kernel.traceConnections(observer.isWanted('traced'));
    handover.restore(saved);
    note([...services.values()].map(({ prepared }) => prepared.service));
    // what could not be opened before is tried anew
    listeners.retryNow();
    rpc.sync(runtime.listeners.values());
    prepareBanners(runtime);
  };

  return {
    kernel,
    handover,
    takePlace,
    /** Runs another program of ours beside the handlers. */
    startErrand: commands.start,
    /** To be awaited before apply() where there are many services: what it compares is looked at in the background. */
    examine: examineServices,
    apply,
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
