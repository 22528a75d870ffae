// Brings what runs in line with a configuration.
import type { ReloadChanges } from '../model/control.ts';
import type { ResolvedService } from '../model/service.ts';
import { changesOf, noChanges } from './changes.ts';
import type { Daemons } from './daemon/daemons.ts';
import type { Inheritance, ListenerStore } from './inheritance.ts';
import type { Listeners } from './listener.ts';
import { isSameService, planListeners } from './plan.ts';
import type { RpcRegistrar } from './rpc.ts';
import type { RunningService, Runtime } from './running.ts';
import type { Services } from './services.ts';
import { isFile } from './socket-place.ts';
import { prepareBanners } from './speech.ts';
import type { TakeOver } from './take-over.ts';
import type { States } from './watch.ts';

/** What a configuration is applied with. */
export type ApplyParts = {
  readonly states: States;
  readonly services: Services;
  readonly listeners: Listeners;
  readonly takeOver: TakeOver;
  readonly inheritance: Inheritance;
  readonly store: ListenerStore | undefined;
  readonly rpc: RpcRegistrar;
  readonly daemons: Pick<Daemons, 'sync'>;
  /** Ends instances that the new configuration would not have let in; undefined where they go on. */
  readonly enforce: (() => void) | undefined;
  /** To be called when the services are there, before their listeners. */
  readonly onServices: (wanted: readonly ResolvedService[]) => void;
};

export const createApply = (runtime: Runtime, parts: ApplyParts) => {
  const { kernel, observer, services } = runtime;
  const { states, listeners, takeOver, inheritance, store, rpc, daemons, enforce } = parts;

  const isAsItIs = (wanted: readonly ResolvedService[]): boolean =>
    wanted.length === services.size &&
    wanted.every((service) => {
      const running = services.get(service.id);
      return running !== undefined && isSameService(running.prepared.service, service);
    });

  /** What would be done for these services; nothing is. */
  const plan = (wanted: readonly ResolvedService[]): ReloadChanges =>
    describe(planListeners(runtime.listeners, wanted), wanted);

  const describe = (
    listenerPlan: ReturnType<typeof planListeners>,
    wanted: readonly ResolvedService[],
  ): ReloadChanges => {
    const before = new Map([...services].map(([id, { prepared }]) => [id, prepared.service]));
    const ownerOf = (key: string): string => runtime.listeners.get(key)?.service.prepared.service.id ?? key;
    return changesOf(listenerPlan, before, wanted, ownerOf);
  };

  /** The most frequent reload of all: nothing is different, and what failed before may work by now. */
  const refreshAll = (): ReloadChanges => {
    for (const service of services.values()) {
      service.limits = service.prepared.service.limits;
      states.reconsider(service);
    }
    listeners.retryNow();
    prepareBanners(runtime);
    enforce?.();
    daemons.sync(enforce !== undefined);
    const kept = runtime.listeners.size;
    const nothing = { opened: 0, retuned: 0, closed: 0, added: 0, dropped: [] };
    observer.observe({ kind: 'applied', services: services.size, kept, ...nothing });
    return noChanges(kept);
  };

  /** Closes a listener after handing on what waits there. */
  const closeListener = (key: string, successor: RunningService | undefined): void => {
    const listener = runtime.listeners.get(key);
    if (listener === undefined) return;
    const close = (): void => listeners.close(listener);
    if (successor === undefined || listener.keeper === 'manager') close();
    else takeOver(listener, successor, close);
  };

  /**
   * Brings listeners and services in line with a configuration. What has the same address keeps its socket; instances
   * go on; a listener whose address changes is open before the old one closes.
   */
  const apply = (wanted: readonly ResolvedService[]): ReloadChanges => {
    // a reload that was under way when the end began
    if (runtime.isDraining || runtime.isHandingOver) return noChanges(runtime.listeners.size);
    // asked here and not for each connection: who wants it says so before the services come
    kernel.traceConnections(observer.isWanted('traced'));
    if (isAsItIs(wanted)) return refreshAll();
    const listenerPlan = planListeners(runtime.listeners, wanted);
    const changes = describe(listenerPlan, wanted);
    const before = new Map([...services].map(([id, { prepared }]) => [id, prepared]));
    const retireOld = parts.services.replace(wanted);
    const runningOf = ({ id }: ResolvedService): RunningService => {
      const running = services.get(id);
      if (running === undefined) throw new Error(`${id} was not prepared`);
      return running;
    };
    const isChanged = (service: ResolvedService): boolean =>
      before.get(service.id) !== runningOf(service).prepared;
    parts.onServices(wanted);
    for (const { key, address, service } of listenerPlan.keep) {
      const listener = runtime.listeners.get(key);
      if (listener === undefined) continue;
      const running = runningOf(service);
      // with thousands of listeners, setting what is set already would hold up everybody
      if (listener.service === running && !isChanged(service)) listeners.refresh(listener);
      else listeners.pass(listener, address, running);
    }
    // two unix sockets cannot have one path even for a moment
    for (const { key, address } of listenerPlan.close) if (isFile(address)) closeListener(key, undefined);
    for (const { key, address, service, replaces } of listenerPlan.open) {
      const overlapping = replaces.flatMap((each) => runtime.listeners.get(each)?.descriptor ?? []);
      listeners.open(listeners.add(key, address, runningOf(service)), overlapping);
    }
    for (const { key, successor } of listenerPlan.close)
      closeListener(key, successor === undefined ? undefined : runningOf(successor));
    retireOld();
    for (const service of services.values()) states.reconsider(service);
    // what failed before may work by now
    for (const { key } of listenerPlan.keep) {
      const listener = runtime.listeners.get(key);
      if (listener !== undefined && listener.descriptor === undefined) listeners.retry(listener);
    }
    for (const { name, what } of inheritance.closeUnused(store))
      observer.observe({ kind: 'inherited-unused', name, what });
    rpc.sync(runtime.listeners.values());
    prepareBanners(runtime);
    enforce?.();
    daemons.sync(enforce !== undefined);
    observer.observe({
      kind: 'applied',
      services: wanted.length,
      opened: listenerPlan.open.length,
      kept: listenerPlan.keep.length,
      retuned: listenerPlan.keep.filter(({ service }) => isChanged(service)).length,
      closed: listenerPlan.close.length,
      added: changes.added.length,
      dropped: changes.removed,
    });
    return changes;
  };

  return { plan, apply };
};
