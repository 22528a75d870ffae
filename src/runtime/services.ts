// A service's life: prepared for its handlers, changed or renamed by a reload, retired.
import { compileRules } from '../admission/judge.ts';
import { createUsage } from '../admission/limits.ts';
import type { Pieces } from '../model/pieces.ts';
import type { RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import type { Recipe } from '../native/kernel.ts';
import type { Host } from '../serve/host.ts';
import type { Prepared } from '../serve/surface.ts';
import { recipeRequest } from '../serve/surroundings.ts';
import type { Daemons } from './daemon/daemons.ts';
import { createDirectoryHold } from './directory-holds.ts';
import { type HandlerLog, openHandlerLog, type SavedLog } from './handler-log.ts';
import { isSameService, listenerKey } from './plan.ts';
import type { RunningService, Runtime } from './running.ts';
import type { States } from './watch.ts';

/** What a configuration makes of a service: nobody sees anything of it before enter(). */
type Draft = {
  readonly running: RunningService;
  readonly isChanged: boolean;
  /** It is served so from here on. */
  readonly enter: () => void;
};

export type Drafts = {
  readonly of: (service: ResolvedService) => Pick<Draft, 'running' | 'isChanged'>;
  /** All at once; those that are not wanted any more are there until retireOld(). */
  readonly enter: () => void;
  /** To be called when their listeners are gone. */
  readonly retireOld: () => Pieces<void>;
};

const shell = { file: '/bin/sh', arguments: ['sh'] };

export const createServices = (
  runtime: Runtime,
  states: States,
  host: Host,
  daemons: Pick<Daemons, 'attach' | 'detach'>,
) => {
  const { kernel, observer, services, listeners, endingLogs } = runtime;

  /** Without a descriptor for its log a service serves all the same. */
  const openLog = (id: string, isIdle: () => boolean): HandlerLog | undefined => {
    try {
      return openHandlerLog(kernel, observer, id, isIdle);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const failure = { code: error.code, what: error.message };
      observer.observe({ kind: 'impaired', service: id, failure });
      return undefined;
    }
  };

  const wantsLog = ({ answer, surroundings }: ResolvedService): boolean =>
    (answer.kind === 'program' || (answer.kind === 'relay' && answer.backend !== undefined)) &&
    [surroundings.stdin, surroundings.stdout, surroundings.stderr].includes('log');

  /**
   * The recipe is made for the first client: of thousands of services most never have one, and each log takes two
   * descriptors. Where there was none for the log, the next client's handler gets another try.
   */
  const prepareAnswer = (service: ResolvedService, running: () => RunningService): Prepared => {
    if (service.answer.kind !== 'program') return { service, recipe: undefined };
    let recipe: Recipe | undefined;
    return {
      service,
      get recipe() {
        if (recipe !== undefined) return recipe;
        const made = kernel.compileRecipe(requestOf(service, running()));
        if (running().log !== undefined || !wantsLog(service)) recipe = made;
        return made;
      },
    };
  };

  /** Of a service without a program, that of a shell in its surroundings. */
  const requestOf = (service: ResolvedService, running: RunningService): RecipeRequest => {
    const { log } = wantsLog(service) ? withLog(running) : { log: undefined };
    const program = service.answer.kind === 'program' ? service.answer : shell;
    return recipeRequest(service, program, host, log?.theirs);
  };

  const withLog = (running: RunningService): RunningService => {
    running.log ??= openLog(running.prepared.service.id, isIdle(running));
    return running;
  };

  const isIdle = (running: RunningService) => (): boolean =>
    running.usage.live === 0 && (running.daemon?.processes() ?? 0) === 0;

  /** Its handlers may go on to write. */
  const retireLog = (running: RunningService, id: string): void => {
    if (running.log === undefined) return;
    for (const log of endingLogs.keys()) if (log.save() === undefined) endingLogs.delete(log);
    running.log.retire();
    endingLogs.set(running.log, id);
    running.log = undefined;
  };

  /** The record of a service that has none, with everything that its answers need. */
  const create = (service: ResolvedService): RunningService => {
    const running: RunningService = {
      prepared: prepareAnswer(service, () => running),
      request: () => requestOf(running.prepared.service, running),
      rules: compileRules(service.access),
      limits: service.limits,
      usage: createUsage(),
      log: undefined,
      openLog: () => (wantsLog(running.prepared.service) ? withLog(running).log : undefined),
      daemon: undefined,
      directories: createDirectoryHold(runtime, () => running.prepared.service.id),
      listeners: new Set(),
      isHeld: false,
      isPaused: false,
      suspension: undefined,
      suspendedUntil: undefined,
      visitors: 0,
      toldVisitors: 0,
    };
    if (service.daemon !== undefined) running.daemon = daemons.attach(running);
    return running;
  };

  /** One that runs already keeps its record and its counts. */
  const change = (service: ResolvedService, running: RunningService): Draft => {
    const prepared = prepareAnswer(service, () => running);
    const rules = compileRules(service.access);
    const before = running.prepared.service;
    // under another name its handlers' lines are another service's
    const losesLog = !wantsLog(service) || before.id !== service.id;
    const hasOtherRate = JSON.stringify(before.limits.rate) !== JSON.stringify(service.limits.rate);
    const enter = (): void => {
      running.limits = service.limits;
      if (service.daemon !== undefined) running.daemon ??= daemons.attach(running);
      else if (running.daemon !== undefined) {
        daemons.detach(running);
        running.daemon = undefined;
      }
      running.prepared = prepared;
      running.rules = rules;
      if (losesLog) retireLog(running, before.id);
      if (hasOtherRate) {
        running.usage.bucket = undefined;
        states.leaveSuspended(running);
      }
    };
    return { running, isChanged: true, enter };
  };

  const draft = (service: ResolvedService, existing: RunningService | undefined): Draft => {
    if (existing === undefined) return { running: create(service), isChanged: true, enter: () => undefined };
    if (!isSameService(existing.prepared.service, service)) return change(service, existing);
    const enter = (): void => {
      // whatever was changed since the last reload
      existing.limits = service.limits;
    };
    return { running: existing, isChanged: false, enter };
  };

  /** A service that goes and leaves its address to this one is the same under another name. */
  const predecessorOf = (
    service: ResolvedService,
    leaving: ReadonlySet<RunningService>,
  ): RunningService | undefined =>
    service.addresses
      .map((address) => listeners.get(listenerKey(service, address))?.service)
      .find((running) => running !== undefined && leaving.has(running));

  const retire = (service: RunningService): void => {
    service.suspension?.();
    service.suspension = undefined;
    daemons.detach(service);
    service.directories.retire(service.usage.live === 0);
    retireLog(service, service.prepared.service.id);
  };

  /** Prepares what is wanted. */
  function* draftAll(wanted: readonly ResolvedService[]): Pieces<Drafts> {
    const stays = new Set(wanted.map(({ id }) => id));
    const leaving = new Set([...services].filter(([id]) => !stays.has(id)).map(([, running]) => running));
    const drafts = new Map<string, Draft>();
    for (const service of wanted) {
      yield;
      const running = services.get(service.id) ?? predecessorOf(service, leaving);
      if (running !== undefined) leaving.delete(running);
      drafts.set(service.id, draft(service, running));
    }
    const enter = (): void => {
      services.clear();
      for (const [id, { running, enter: enterOne }] of drafts) {
        enterOne();
        services.set(id, running);
      }
      for (const running of leaving) services.set(running.prepared.service.id, running);
    };
    function* retireOld(): Pieces<void> {
      for (const running of leaving) {
        yield;
        services.delete(running.prepared.service.id);
        retire(running);
      }
    }
    const of: Drafts['of'] = ({ id }) => {
      const found = drafts.get(id);
      if (found === undefined) throw new Error(`${id} was not prepared`);
      return found;
    };
    return { of, enter, retireOld };
  }

  const retireAll = async (): Promise<void> => {
    const leaving = [...services.values()];
    for (const service of leaving) {
      service.log?.drain();
      retire(service);
    }
    services.clear();
    await Promise.all(leaving.map(({ directories }) => directories.settled()));
  };

  return {
    draftAll,
    retireAll,

    /** The record of a service that ran before us; it has nothing of that yet. */
    revive: (service: ResolvedService, isRetired: boolean): RunningService => {
      const running = create(service);
      if (!isRetired) services.set(service.id, running);
      return running;
    },
    reviveLog: (running: RunningService, saved: SavedLog): HandlerLog =>
      openHandlerLog(kernel, observer, running.prepared.service.id, isIdle(running), saved),
  };
};

export type Services = ReturnType<typeof createServices>;
