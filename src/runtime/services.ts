// A service's life: prepared for its handlers, changed or renamed by a reload, retired.
import { createUsage, type Usage } from '../admission/limits.ts';
import type { ResolvedService } from '../model/service.ts';
import { SystemError } from '../native.ts';
import { type Host, recipeRequest } from '../serve/surroundings.ts';
import { type HandlerLog, openHandlerLog } from './handler-log.ts';
import { isSameService, listenerKey } from './plan.ts';
import type { RunningService, Runtime } from './running.ts';
import type { States } from './watch.ts';

export const createServices = (runtime: Runtime, states: States, host: Host) => {
  const { kernel, observer, services, listeners } = runtime;

  /** Without a descriptor for its log a service serves all the same. */
  const openLog = (id: string, usage: Usage): HandlerLog | undefined => {
    try {
      return openHandlerLog(kernel, observer, id, () => usage.live === 0);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const failure = { code: error.code, what: error.message };
      observer.observe({ kind: 'impaired', service: id, failure });
      return undefined;
    }
  };

  const chooseLog = (service: ResolvedService, running: RunningService | undefined, usage: Usage) => {
    const isWanted = service.answer.kind === 'program' && service.surroundings.stderr === 'log';
    const isOwn = running?.prepared.service.id === service.id;
    if (isWanted && isOwn && running.log !== undefined) return running.log;
    running?.log?.retire();
    return isWanted ? openLog(service.id, usage) : undefined;
  };

  /** The record of a service, with everything that its answers need; one that runs already keeps its record and its counts. */
  const prepare = (service: ResolvedService, running: RunningService | undefined): RunningService => {
    const before = running?.prepared.service;
    if (running !== undefined && before !== undefined && isSameService(before, service)) return running;
    const { answer } = service;
    const usage = running?.usage ?? createUsage();
    const log = chooseLog(service, running, usage);
    const recipe =
      answer.kind === 'program'
        ? kernel.compileRecipe(recipeRequest(service, answer, host, log?.theirs))
        : undefined;
    const prepared = { service, recipe };
    if (running === undefined || before === undefined) {
      return { prepared, usage, log, listeners: new Set(), isHeld: false, suspension: undefined };
    }
    running.prepared = prepared;
    running.log = log;
    if (JSON.stringify(before.limits.rate) !== JSON.stringify(service.limits.rate)) {
      running.usage.bucket = undefined;
      states.leaveSuspended(running);
    }
    return running;
  };

  /** A service that goes and leaves its address to this one is the same under another name. */
  const predecessorOf = (service: ResolvedService, stays: ReadonlySet<string>): RunningService | undefined =>
    service.addresses
      .map((address) => listeners.get(listenerKey(service, address))?.service)
      .find((running) => running !== undefined && !stays.has(running.prepared.service.id));

  const retire = (service: RunningService): void => {
    service.suspension?.();
    service.suspension = undefined;
    service.log?.retire();
    service.log = undefined;
  };

  /** Prepares what is wanted; what is not wanted any more is retired when its listeners are gone, by the function it gives. */
  const replace = (wanted: readonly ResolvedService[]): (() => void) => {
    const stays = new Set(wanted.map(({ id }) => id));
    const leaving = new Set([...services].filter(([id]) => !stays.has(id)).map(([, running]) => running));
    const next = wanted.map((service) => {
      const running = services.get(service.id) ?? predecessorOf(service, stays);
      if (running !== undefined) leaving.delete(running);
      return prepare(service, running);
    });
    services.clear();
    for (const running of next) services.set(running.prepared.service.id, running);
    return () => {
      for (const service of leaving) retire(service);
    };
  };

  const retireAll = (): void => {
    for (const service of services.values()) {
      service.log?.drain();
      retire(service);
    }
    services.clear();
  };

  return { replace, retireAll };
};
