// Brings what runs in line with a configuration, in pieces: whoever comes meanwhile is served between them.
import type { ReloadChanges } from '../model/control.ts';
import { createBreather, type Pieces, runInPieces, runWhile } from '../model/pieces.ts';
import type { ResolvedService } from '../model/service.ts';
import { changesOf, noChanges } from './changes.ts';
import type { Daemons } from './daemon/daemons.ts';
import type { Inheritance, ListenerStore } from './inheritance.ts';
import type { Listeners } from './listener.ts';
import { isSameService, type Plan as ListenerPlan, planListeners } from './plan.ts';
import type { RpcRegistrar } from './rpc.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import type { Drafts, Services } from './services.ts';
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

  function* describe(listenerPlan: ListenerPlan, wanted: readonly ResolvedService[]): Pieces<ReloadChanges> {
    const before = new Map([...services].map(([id, { prepared }]) => [id, prepared.service]));
    const ownerOf = (key: string): string => runtime.listeners.get(key)?.service.prepared.service.id ?? key;
    return yield* changesOf(listenerPlan, before, wanted, ownerOf);
  }

  function* planFor(wanted: readonly ResolvedService[]): Pieces<ReloadChanges> {
    return yield* describe(yield* planListeners(runtime.listeners, wanted), wanted);
  }

  /** What follows every configuration. */
  function* finish(): Pieces<void> {
    prepareBanners(runtime);
    yield;
    enforce?.();
    yield;
    yield* daemons.sync(enforce !== undefined);
  }

  /** The most frequent reload of all: nothing is different, and what failed before may work by now. */
  function* refreshAll(enter: () => void): Pieces<ReloadChanges> {
    enter();
    for (const service of [...services.values()]) {
      yield;
      service.limits = service.prepared.service.limits;
      states.reconsider(service);
      for (const listener of service.listeners) listeners.retry(listener);
    }
    yield* finish();
    const kept = runtime.listeners.size;
    const nothing = { opened: 0, retuned: 0, closed: 0, added: 0, dropped: [] };
    observer.observe({ kind: 'applied', services: services.size, kept, ...nothing });
    return noChanges(kept);
  }

  /** Closes a listener after handing on what waits there. */
  const closeListener = (key: string, successor: RunningService | undefined): void => {
    const listener = runtime.listeners.get(key);
    if (listener === undefined) return;
    const close = (): void => listeners.close(listener);
    if (successor === undefined || listener.keeper === 'manager') close();
    else takeOver(listener, successor, close);
  };

  /** Listeners that stay and whose service is another one or changes, with what is to be set on their sockets. */
  function* findPassing(
    keep: ListenerPlan['keep'],
    draftOf: Drafts['of'],
  ): Pieces<readonly Parameters<Listeners['pass']>[]> {
    const passing: Parameters<Listeners['pass']>[] = [];
    for (const { key, address, service } of keep) {
      yield;
      const listener = runtime.listeners.get(key);
      const { running, isChanged } = draftOf(service);
      // with thousands of listeners, setting what is set already would hold up everybody
      if (listener === undefined || (listener.service === running && !isChanged)) continue;
      passing.push([listener, address, running, listeners.tuningOf(service, address)]);
    }
    return passing;
  }

  /** Sockets open before those in whose place they come are closed; but two files cannot have one path even for a moment. */
  function* openAndClose(
    { open, close }: ListenerPlan,
    draftOf: Drafts['of'],
  ): Pieces<readonly RunningListener[]> {
    const opened: RunningListener[] = [];
    for (const { key, address } of close) {
      if (!isFile(address)) continue;
      yield;
      closeListener(key, undefined);
    }
    for (const { key, address, service, replaces } of open) {
      yield;
      const overlapping = replaces.flatMap((each) => runtime.listeners.get(each)?.descriptor ?? []);
      const listener = listeners.add(key, address, draftOf(service).running);
      // it gets all of its sockets or none
      listener.isChanging = listener.service.daemon !== undefined;
      listeners.open(listener, overlapping);
      opened.push(listener);
    }
    for (const { key, successor } of close) {
      yield;
      closeListener(key, successor && draftOf(successor).running);
    }
    return opened;
  }

  /**
   * Brings listeners and services in line with a configuration. What has the same address keeps its socket; instances
   * go on. Everything is prepared first; then all services, with the listeners that stay, are the new ones at once; then
   * sockets are changed, opened and closed one by one.
   */
  function* change(wanted: readonly ResolvedService[], enter: () => void): Pieces<ReloadChanges> {
    const listenerPlan = yield* planListeners(runtime.listeners, wanted);
    const changes = yield* describe(listenerPlan, wanted);
    const drafts = yield* parts.services.draftAll(wanted);
    const passing = yield* findPassing(listenerPlan.keep, drafts.of);
    enter();
    yield;
    // the one piece that grows with the configuration: nobody may meet one service as it was and another as it is to be
    drafts.enter();
    parts.onServices(wanted);
    const changing: RunningListener[] = [];
    for (const each of passing) if (listeners.pass(...each)) changing.push(each[0]);
    yield;
    const release = (listener: RunningListener): void => {
      listener.isChanging = false;
      states.update(listener);
    };
    for (const listener of changing) {
      yield;
      listeners.settle(listener);
      if (listener.service.daemon === undefined) release(listener);
    }
    const opened = yield* openAndClose(listenerPlan, drafts.of);
    yield* drafts.retireOld();
    for (const listener of [...changing, ...opened]) if (listener.isChanging) release(listener);
    for (const service of [...services.values()]) {
      yield;
      states.reconsider(service);
    }
    // what failed before may work by now
    for (const { key } of listenerPlan.keep) {
      yield;
      const listener = runtime.listeners.get(key);
      if (listener !== undefined) listeners.retry(listener);
    }
    for (const { name, what } of inheritance.closeUnused(store))
      observer.observe({ kind: 'inherited-unused', name, what });
    rpc.sync(runtime.listeners.values());
    yield* finish();
    observer.observe({
      kind: 'applied',
      services: wanted.length,
      opened: listenerPlan.open.length,
      kept: listenerPlan.keep.length,
      retuned: listenerPlan.keep.filter(({ service }) => drafts.of(service).isChanged).length,
      closed: listenerPlan.close.length,
      added: changes.added.length,
      dropped: changes.removed,
    });
    return changes;
  }

  let underWay = 0;
  let last: Promise<void> = Promise.resolve();

  /** One after the other, each beginning in a state that the one before has brought about. */
  const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => {
    const result = last.then(act);
    const isOver = (): void => undefined;
    last = result.then(isOver, isOver);
    return result;
  };

  const applyNow = async (
    wanted: readonly ResolvedService[],
    enter: () => void,
  ): Promise<ReloadChanges | undefined> => {
    if (runtime.isHandingOver) return undefined;
    const enterNow = (): void => {
      enter();
      // asked here and not for each connection: who wants it says so before the services come
      kernel.traceConnections(observer.isWanted('traced'));
    };
    const pieces = isAsItIs(wanted) ? refreshAll(enterNow) : change(wanted, enterNow);
    return runWhile(() => !runtime.isDraining, pieces, createBreather());
  };

  return {
    /** What would be done for these services; nothing is. */
    plan: (wanted: readonly ResolvedService[]): Promise<ReloadChanges> =>
      inTurn(() => runInPieces(planFor(wanted), createBreather())),

    /**
     * Makes them the running ones; what it did, or undefined where the end of the server began before it was done, which
     * closes whatever is open, or an upgrade before it began. `enter` is called when they are prepared, right before they count.
     */
    apply: async (
      wanted: readonly ResolvedService[],
      enter = (): void => undefined,
    ): Promise<ReloadChanges | undefined> => {
      underWay += 1;
      return inTurn(() => applyNow(wanted, enter)).finally(() => {
        underWay -= 1;
      });
    },

    /** Somebody has asked for it, and it is not done. */
    isApplying: (): boolean => underWay > 0,
  };
};
