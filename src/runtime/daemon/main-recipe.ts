// The recipe of a daemon's main process: compiled when something has changed, otherwise only told of the run.
import { randomUUID } from 'node:crypto';
import type { ListenAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { ResolvedService } from '../../model/service.ts';
import type { Recipe } from '../../native/kernel.ts';
import type { DaemonExtra, DaemonListener } from '../../serve/daemon-surroundings.ts';
import type { CompletedStart } from '../../serve/start-texts.ts';
import type { RunningService } from '../running.ts';
import type { DaemonParts } from './parts.ts';
import type { Plan } from './plan.ts';
import type { Stored } from './store.ts';

/** What each run has of its own, as a compiled recipe names it: no value that a configuration could have. */
const placeholders = { notifySocket: '\u0001notify', invocation: '\u0001invocation' } as const;

/** All that a recipe was made of, but for what a run has of its own. */
type Kept = {
  readonly recipe: Recipe;
  readonly service: ResolvedService;
  readonly listeners: readonly DaemonListener[];
  readonly log: Descriptor | undefined;
  readonly hasNotifySocket: boolean;
  readonly watchdog: Milliseconds | undefined;
};

type Open = { readonly descriptor: Descriptor | undefined; readonly address: ListenAddress };

const isSameList = (one: readonly DaemonListener[], other: readonly Open[]): boolean =>
  one.length === other.length &&
  one.every(
    ({ descriptor, address }, index) =>
      descriptor === other[index]?.descriptor && address === other[index]?.address,
  );

/** Nothing is read for it, and it is the same each time. */
const isPlain = (
  { service, file }: Plan,
  at: number,
  stored: readonly Stored[],
  { adoptChannel }: DaemonExtra,
): boolean =>
  service.startTexts === undefined &&
  at === 0 &&
  file.includes('/') &&
  stored.length === 0 &&
  adoptChannel === undefined;

/** What the next run will be told, and its recipe for that. */
type Prepared = {
  readonly from: Kept;
  readonly invocation: string;
  readonly notifySocket: string | undefined;
  readonly recipe: Recipe;
};

/** A random UUID without its dashes, as sd_id128_randomize(3) makes one; Node has some in store. */
const newInvocation = (): string => randomUUID().replaceAll('-', '');

/** One for all runs of a daemon: between two clients' starts hardly anything changes. */
export const createMainRecipe = (
  { requests, runtime: { kernel } }: Pick<DaemonParts, 'requests' | 'runtime'>,
  running: RunningService,
) => {
  let kept: Kept | undefined;
  let prepared: Prepared | undefined;
  /** By the run that is about to start. */
  let taken: Prepared | undefined;
  /** Of the last run; the next one has the same. */
  let notifySocket: string | undefined;

  const isStillGood = (
    found: Kept,
    { service }: Plan,
    listeners: readonly Open[],
    extra: Pick<DaemonExtra, 'notifySocket' | 'watchdog'>,
  ): boolean =>
    found.service === service &&
    found.hasNotifySocket === (extra.notifySocket !== undefined) &&
    found.watchdog === extra.watchdog &&
    found.log === running.openLog()?.theirs &&
    isSameList(found.listeners, listeners);

  const compile = (
    plan: Plan,
    listeners: readonly DaemonListener[],
    extra: DaemonExtra,
  ): Kept | Promise<CompletedStart> => {
    const hasNotifySocket = extra.notifySocket !== undefined;
    const general = {
      ...extra,
      notifySocket: hasNotifySocket ? placeholders.notifySocket : undefined,
      invocation: placeholders.invocation,
    };
    const request = requests.main(running, plan, 0, listeners, [], general);
    if (request instanceof Promise) return request;
    const log = running.openLog()?.theirs;
    return {
      recipe: kernel.compileRecipe(request),
      service: plan.service,
      listeners,
      log,
      hasNotifySocket,
      watchdog: extra.watchdog,
    };
  };

  const tellOf = (from: Kept, invocation: string, address: string | undefined): Recipe =>
    kernel.replaceVariables(from.recipe, [
      `NOTIFY_SOCKET=${placeholders.notifySocket}`,
      `NOTIFY_SOCKET=${address ?? ''}`,
      `INVOCATION_ID=${placeholders.invocation}`,
      `INVOCATION_ID=${invocation}`,
    ]);

  /** At once where nothing has to be read for it. */
  const make = (
    plan: Plan,
    at: number,
    listeners: readonly DaemonListener[],
    stored: readonly Stored[],
    extra: DaemonExtra,
  ): Recipe | Promise<CompletedStart> => {
    if (!isPlain(plan, at, stored, extra)) {
      const request = requests.main(running, plan, at, listeners, stored, extra);
      return request instanceof Promise ? request : kernel.compileRecipe(request);
    }
    if (kept === undefined || !isStillGood(kept, plan, listeners, extra)) {
      const compiled = compile(plan, listeners, extra);
      if (compiled instanceof Promise) throw new Error(`${plan.service.id}: a plain start reads nothing`);
      kept = compiled;
    }
    const { invocation = newInvocation() } = extra;
    ({ notifySocket } = extra);
    const isPrepared =
      taken?.from === kept && taken.invocation === invocation && taken.notifySocket === extra.notifySocket;
    return isPrepared && taken !== undefined ? taken.recipe : tellOf(kept, invocation, extra.notifySocket);
  };

  return {
    make,
    /** What is prepared for a start with these listeners and this socket, if nothing has changed. It is used up then. */
    take: (plan: Plan, listeners: readonly Open[], address: string | undefined): Prepared | undefined => {
      if (prepared === undefined) return undefined;
      const { watchdog } = plan.daemon;
      const found = prepared;
      const hasSocket = found.notifySocket === undefined || found.notifySocket === address;
      if (
        !hasSocket ||
        !isStillGood(found.from, plan, listeners, { notifySocket: found.notifySocket, watchdog })
      )
        return undefined;
      prepared = undefined;
      return found;
    },
    /** Of the next run. */
    invocation: (): string => {
      taken = prepared;
      prepared = undefined;
      return taken?.invocation ?? newInvocation();
    },
    /** Between two runs, when nobody waits: as much of the next start as can be done before. */
    prepare: (): void => {
      if (kept === undefined) return;
      const invocation = newInvocation();
      prepared = { from: kept, invocation, notifySocket, recipe: tellOf(kept, invocation, notifySocket) };
    },
  };
};

export type MainRecipe = ReturnType<typeof createMainRecipe>;
