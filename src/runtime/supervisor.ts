// The running server: brings what runs in line with a configuration, drains it, stops it.
import { createUsage } from '../admission/limits.ts';
import { createSourceRates } from '../admission/source-rates.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import { type Ended, openKernel, type Recipe } from '../native.ts';
import type { MuxMember, Prepared, Surface } from '../serve/surface.ts';
import { type Host, recipeRequest } from '../serve/surroundings.ts';
import { createAcceptance } from './accept.ts';
import { openHandlerLog } from './handler-log.ts';
import { createInstances } from './instances.ts';
import { createListeners } from './listener.ts';
import { isSameService, planListeners } from './plan.ts';
import { createRpcRegistrar } from './rpc.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import { createStates, openReserve } from './watch.ts';

export type Supervisor = ReturnType<typeof createSupervisor>;

export type SupervisorOptions = {
  readonly clock: Clock;
  readonly observer: Observer;
  /** acceptd's own environment, of which `passenv` takes. */
  readonly environment: Host['environment'];
  /** For tools that cannot follow children in shared memory; see openKernel. */
  readonly copiesMemory?: boolean;
};

/** After TERM, before KILL. */
const lastWords = milliseconds(2_000);

export const createSupervisor = ({
  clock,
  observer,
  environment,
  copiesMemory = false,
}: SupervisorOptions) => {
  const kernel = openKernel({ onEnded: (ended: Ended) => onEnded(ended), copiesMemory });
  const host: Host = {
    environment,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    descriptorLimit: kernel.descriptorLimit,
  };

  const surface: Surface = {
    kernel,
    clock,
    observer,
    muxMembers: () => members,
    enterMember: (member, client, greet) => {
      const service = services.get(member.prepared.service.id);
      return service !== undefined && acceptance.enter(service, client, greet);
    },
    internalDatagramPorts: () => datagramPorts,
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
    builtins: new Set(),
    shortage: { failures: 0, cancel: undefined },
    reserve: openReserve(kernel),
    isDraining: false,
  };
  const { services, instances } = runtime;
  const states = createStates(runtime, (listener: RunningListener) => acceptance.onReady(listener));
  const registry = createInstances(runtime, states);
  const acceptance = createAcceptance(runtime, states, registry);
  const rpc = createRpcRegistrar(kernel, clock, observer);
  const listeners = createListeners(runtime, states, () => rpc.sync(runtime.listeners.values()));
  let members: readonly MuxMember[] = [];
  let datagramPorts: ReadonlySet<number> = new Set();
  let whenIdle: (() => void) | undefined;

  const onEnded = (ended: Ended): void => {
    registry.onEnded(ended);
    if (runtime.isDraining) noticeIdle();
  };

  const noticeIdle = (): void => {
    if (instances.size === 0) whenIdle?.();
  };

  const prepare = (service: ResolvedService, running: RunningService | undefined): RunningService => {
    if (running !== undefined && isSameService(running.prepared.service, service)) return running;
    const { answer, surroundings } = service;
    const wantsLog = answer.kind === 'program' && surroundings.stderr === 'log';
    const log = wantsLog ? (running?.log ?? openHandlerLog(kernel, observer, service.id)) : undefined;
    if (log === undefined) running?.log?.retire();
    let recipe: Recipe | undefined;
    if (answer.kind === 'program')
      recipe = kernel.compileRecipe(recipeRequest(service, answer, host, log?.theirs));
    const prepared: Prepared = { service, recipe };
    if (running === undefined) {
      return {
        prepared,
        usage: createUsage(),
        log,
        listeners: new Set(),
        isHeld: false,
        suspension: undefined,
      };
    }
    // the record stays: instances that run hold it, and their number counts on
    running.prepared = prepared;
    running.log = log;
    return running;
  };

  const retire = (id: string, service: RunningService): void => {
    services.delete(id);
    service.suspension?.();
    service.suspension = undefined;
    service.log?.retire();
    service.log = undefined;
  };

  /**
   * Brings listeners and services in line with a configuration. What has the same address keeps its socket; instances
   * go on; a listener whose address changes is open before the old one closes.
   */
  const apply = (wanted: readonly ResolvedService[]): void => {
    const plan = planListeners(runtime.listeners, wanted);
    const before = new Map(services);
    const prepared = new Map([...before].map(([id, running]) => [id, running.prepared]));
    for (const service of wanted) services.set(service.id, prepare(service, before.get(service.id)));
    const runningOf = (service: ResolvedService): RunningService => {
      const running = services.get(service.id);
      if (running === undefined) throw new Error(`${service.id} was not prepared`);
      return running;
    };
    members = wanted.flatMap((service) =>
      service.mux === undefined ? [] : [{ ...service.mux, prepared: runningOf(service).prepared }],
    );
    datagramPorts = new Set(
      wanted
        .filter(({ answer }) => answer.kind === 'builtin')
        .flatMap(({ addresses }) => addresses)
        .flatMap((address) =>
          address.kind === 'internet' && address.socketType === 'dgram' ? [address.port] : [],
        ),
    );
    for (const { key, address, service } of plan.keep) {
      const listener = runtime.listeners.get(key);
      if (listener !== undefined) listeners.pass(listener, address, runningOf(service));
    }
    for (const { key, address, service, replaces } of plan.open) {
      const overlapping = replaces.flatMap((each) => runtime.listeners.get(each)?.descriptor ?? []);
      listeners.open(listeners.add(key, address, runningOf(service)), overlapping);
    }
    for (const key of plan.close) {
      const listener = runtime.listeners.get(key);
      if (listener === undefined) continue;
      takeQueue(listener, plan.open.find(({ replaces }) => replaces.includes(key))?.service);
      listeners.close(listener);
    }
    const ids = new Set(wanted.map(({ id }) => id));
    for (const [id, service] of before) if (!ids.has(id)) retire(id, service);
    for (const service of services.values()) states.reconsider(service);
    // what failed before may work with the new configuration, or with a port that it has set free
    listeners.retryNow();
    rpc.sync(runtime.listeners.values());
    observer.observe({
      kind: 'applied',
      services: wanted.length,
      opened: plan.open.length,
      kept: plan.keep.length,
      retuned: plan.keep.filter(({ service }) => prepared.get(service.id) !== runningOf(service).prepared)
        .length,
      closed: plan.close.length,
    });
  };

  /** Clients in the queue of a listener that closes are served by the one that takes its place. */
  const takeQueue = (listener: RunningListener, successor: ResolvedService | undefined): void => {
    const running = successor === undefined ? undefined : services.get(successor.id);
    const isAccepting =
      listener.service.prepared.service.mode === 'per-connection' && listener.address.socketType !== 'dgram';
    if (
      running === undefined ||
      listener.descriptor === undefined ||
      !isAccepting ||
      listener.owner !== undefined
    )
      return;
    if (running.prepared.service.mode !== 'per-connection') return;
    for (let batches = 0; batches < 64; batches++) {
      const clients = kernel.accept(listener.descriptor, 64);
      for (const client of clients) acceptance.enterOrClose(running, client);
      if (clients.length < 64) return;
    }
  };

  const terminate = (signal: 'TERM' | 'KILL'): void => {
    if (instances.size === 0) return;
    observer.observe({ kind: 'terminating', instances: instances.size, signal });
    for (const pid of instances.keys()) kernel.kill(pid, `SIG${signal}`);
  };

  /** Resolves when no instance is left, or after a while. */
  const untilIdle = (patience: Milliseconds): Promise<void> =>
    new Promise((resolve) => {
      if (instances.size === 0) return resolve();
      const cancel = clock.after(patience, () => {
        whenIdle = undefined;
        resolve();
      });
      whenIdle = () => {
        whenIdle = undefined;
        cancel();
        resolve();
      };
    });

  /** Accepts nothing more and closes all listeners; instances have `grace` to end, then TERM, then KILL. */
  const stop = async (grace: Milliseconds): Promise<void> => {
    runtime.isDraining = true;
    runtime.shortage.cancel?.();
    for (const listener of [...runtime.listeners.values()]) listeners.close(listener);
    rpc.sync([]);
    observer.observe({ kind: 'draining', instances: instances.size + runtime.builtins.size, grace });
    await untilIdle(grace);
    for (const stopBuiltin of [...runtime.builtins]) stopBuiltin();
    terminate('TERM');
    await untilIdle(lastWords);
    terminate('KILL');
    await untilIdle(lastWords);
    await rpc.settle();
    for (const [id, service] of [...services]) retire(id, service);
    observer.observe({ kind: 'stopped' });
  };

  /** What a person asks first: who listens, how busy it is, what holds it. */
  const snapshot = () =>
    [...services.values()].map(({ prepared, usage, listeners: own, isHeld, suspension }) => ({
      service: prepared.service.id,
      listening: [...own].filter(({ descriptor }) => descriptor !== undefined).map(({ key }) => key),
      failed: [...own].filter(({ opening }) => opening.cancel !== undefined).map(({ key }) => key),
      live: usage.live,
      limit: prepared.service.limits.instances,
      isHeld,
      isSuspended: suspension !== undefined,
    }));

  /** Cuts the grace of a stop that is under way short. */
  const stopNow = (): void => whenIdle?.();

  return {
    kernel,
    apply,
    stop,
    stopNow,
    snapshot,
    retryNow: listeners.retryNow,
    trimMemory: kernel.trimMemory,
  };
};
