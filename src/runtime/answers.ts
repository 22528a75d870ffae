// An admitted client gets its answer: a process, a built-in or a relay is started, and tried again where none can be made.
import { giveBackStart, type Source } from '../admission/limits.ts';
import { seconds } from '../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted, Recipe } from '../native/kernel.ts';
import { serveConnection, startRecipe } from '../serve/serve.ts';
import type { Prepared, SavedTalk } from '../serve/surface.ts';
import type { Instances } from './instances.ts';
import type { Lifetimes } from './lifetimes.ts';
import { observeRefusal } from './refusal.ts';
import type { BuiltinInstance, RunningService, Runtime, Surrendered } from './running.ts';
import { createStartTexts } from './start-texts.ts';
import type { Visitors } from './visitors.ts';
import type { States } from './watch.ts';

const shortages: ReadonlyMap<string, 'descriptors' | 'processes'> = new Map([
  ['EMFILE', 'descriptors'],
  ['ENFILE', 'descriptors'],
  ['ENOBUFS', 'descriptors'],
  ['ENOMEM', 'processes'],
  ['EAGAIN', 'processes'],
]);

/** Between two tries for one client. */
const retryPause = seconds(5);

export const createAnswers = (
  runtime: Runtime,
  states: States,
  instances: Instances,
  visitors: Visitors,
  lifetimes: Lifetimes,
) => {
  const { kernel, observer } = runtime;
  const texts = createStartTexts(runtime);

  const shortageOf = (error: unknown): 'descriptors' | 'processes' | undefined => {
    if (!(error instanceof SystemError)) throw error;
    return shortages.get(error.code);
  };

  /** A pause for all when the kernel said no because of a shortage; otherwise it says false. Nobody is refused by it. */
  const enterShortage = (error: unknown): error is SystemError => {
    const of = shortageOf(error);
    if (of === undefined || !(error instanceof SystemError)) return false;
    states.enterShortage(of, { code: error.code, what: error.message });
    return true;
  };

  const observeFailure = (
    service: RunningService,
    { code, message }: SystemError,
    record: ConnectionRecord | undefined,
    isDaemon: boolean,
  ): void =>
    observer.observe({
      kind: 'start-failed',
      service: service.prepared.service.id,
      pid: undefined,
      failure: { code, what: message },
      peer: record && peerOf(record),
      ...(isDaemon ? { isDaemon } : {}),
    });

  /** The kernel said no to a start: the end of this client, and a pause for all when it was a shortage. */
  const onStartError = (
    service: RunningService,
    error: unknown,
    record: ConnectionRecord | undefined,
  ): void => {
    const of = shortageOf(error);
    if (of !== undefined) observeRefusal(runtime, service, of, record);
    if (!enterShortage(error) && error instanceof SystemError) observeFailure(service, error, record, false);
  };

  /** The same of a process that is for no client: in a shortage nobody is refused, and it is tried again. */
  const onDaemonError = (service: RunningService, error: unknown): void => {
    if (!enterShortage(error) && error instanceof SystemError)
      observeFailure(service, error, undefined, true);
  };

  /** Whether something has to be found out or made before a start. */
  const isAwaiting = ({ prepared: { service }, directories }: RunningService): boolean =>
    service.startTexts !== undefined || !directories.isMade(service);

  /** Whether a start is worth another try after a while, with the client waiting. */
  const waitsForProcess = (service: RunningService, error: unknown, tries: number): error is SystemError =>
    error instanceof SystemError &&
    shortages.get(error.code) === 'processes' &&
    tries < service.limits.startRetries;

  /** Its place is another's until it has been decided on again. */
  const surrender = (service: RunningService, client: Accepted, source: Source): Surrendered => {
    giveBackStart(service.usage, service.limits.rate);
    instances.release(service, source);
    const heard = { isGreeted: true, isWelcomed: true, unsaid: undefined };
    return { client, through: 'listener', heard };
  };

  /**
   * Starts the answer to an admitted client, whose place is taken already; takes the connection. `recipe` takes the
   * place of the service's own answer. Gives the pid of a process that was started at once.
   */
  const start = (
    service: RunningService,
    client: Accepted,
    source: Source,
    recipe?: Recipe,
    tries = 0,
  ): number | undefined => {
    const onBuiltinEnded = (): void => {
      if (started?.kind === 'builtin') {
        runtime.builtins.delete(started.stop);
        runtime.talks.delete(started.stop);
      }
      instances.release(service, source);
    };
    if (recipe === undefined && isAwaiting(service)) {
      void startWithTexts(service, client, source);
      return undefined;
    }
    let started: ReturnType<typeof serveConnection> | undefined;
    try {
      started =
        recipe === undefined
          ? serveConnection(runtime.surface, service.prepared, client, onBuiltinEnded)
          : startRecipe(runtime.surface, recipe, client);
    } catch (error) {
      const giveUp = (): void => {
        kernel.close(client.descriptor);
        onStartError(service, error, client.record);
        instances.release(service, source);
      };
      if (!waitsForProcess(service, error, tries)) {
        giveUp();
        return undefined;
      }
      states.enterShortage('processes', { code: error.code, what: error.message });
      const leave = visitors.enter(service, giveUp, () => surrender(service, client, source));
      if (leave === undefined) giveUp();
      else
        runtime.clock.after(retryPause, () => {
          if (leave()) start(service, client, source, recipe, tries + 1);
        });
      return undefined;
    }
    // that a built-in could start says nothing of processes
    if (started.kind === 'process' || runtime.shortage.of === 'descriptors') runtime.shortage.failures = 0;
    instances.register(service, started, client.record, source, undefined);
    if (started.kind !== 'process') return undefined;
    lifetimes.begin(started.pid, service.prepared.service.lifetime);
    return started.pid;
  };

  /** The same where something of the start has to be found out or made first; the client waits meanwhile. */
  const startWithTexts = async (service: RunningService, client: Accepted, source: Source): Promise<void> => {
    let isOver = false;
    const giveUp = (): void => {
      isOver = true;
      kernel.close(client.descriptor);
      instances.release(service, source);
    };
    const leave = visitors.enter(
      service,
      () => {
        observeRefusal(runtime, service, 'draining', client.record);
        giveUp();
      },
      () => surrender(service, client, source),
    );
    if (leave === undefined) {
      observeRefusal(runtime, service, 'load', client.record);
      giveUp();
      return;
    }
    const { service: wanted } = service.prepared;
    const failed = await service.directories.makeOnce(wanted);
    // its connection is closed by now
    if (isOver) return;
    const found =
      failed !== undefined
        ? ({ kind: 'failed', failure: failed } as const)
        : wanted.startTexts === undefined
          ? ({ kind: 'recipe', recipe: undefined } as const)
          : await texts.recipeFor(service, client);
    if (!leave()) return;
    if (found.kind === 'recipe') {
      start(service, client, source, found.recipe);
      return;
    }
    giveUp();
    const { id } = service.prepared.service;
    const { code, what } = found.failure;
    const failure = { code, what: what.replace('%', id) };
    observer.observe({
      kind: 'start-failed',
      service: id,
      pid: undefined,
      failure,
      peer: peerOf(client.record),
    });
  };

  /** One of our own that the version before us has begun; its place is counted. */
  const goOn = (
    { service, what, record, startedAt }: BuiltinInstance,
    prepared: Prepared,
    source: Source | undefined,
    saved: SavedTalk,
  ): void => {
    let started: ReturnType<typeof serveConnection> | undefined;
    const onEnded = (): void => {
      if (started?.kind === 'builtin') {
        runtime.builtins.delete(started.stop);
        runtime.talks.delete(started.stop);
      }
      instances.release(service, source);
    };
    try {
      started = serveConnection(runtime.surface, prepared, saved.client, onEnded, saved);
      if (started.kind !== 'builtin') throw new Error('a program cannot go on with what acceptd has begun');
      instances.registerBuiltin({ service, what, record, startedAt }, started, source);
    } catch (error) {
      kernel.close(saved.client.descriptor);
      onStartError(service, error, record);
      instances.release(service, source);
    }
  };

  return { start, goOn, onStartError, onDaemonError, enterShortage };
};

export type Answers = ReturnType<typeof createAnswers>;
