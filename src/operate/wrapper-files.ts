// Keeps the rules of hosts.allow and hosts.deny as the files are: read again when they change, beside everything else.
import type { Lookups } from '../config/lookups.ts';
import type { Clock } from '../model/clock.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { createDirectoryWatches, lookAgain, placesOf, quiet, versionsOf } from './file-changes.ts';
import { loadWrapperRules, type WrapperPaths } from './wrapper-load.ts';

export const usualWrapperPaths: WrapperPaths = { allow: '/etc/hosts.allow', deny: '/etc/hosts.deny' };

export type WrapperFiles = {
  /** Resolves when the rules have been taken for the first time: nobody may be let in before. */
  readonly ready: Promise<void>;
  /** Reads everything again, the names of users too; resolves when that has been taken. */
  readonly reload: () => Promise<void>;
  readonly stop: () => void;
};

/** How often files that name files may lead to others. */
const mostRounds = 5;

/** `take` gets the rules at first, and then after each change of them; files that are not there are empty. */
export const watchWrapperFiles = (
  paths: WrapperPaths,
  { lookups, clock }: { readonly lookups: Lookups; readonly clock: Clock },
  take: (rules: WrapperRules, diagnostics: readonly Diagnostic[]) => void,
): WrapperFiles => {
  let isStopped = false;
  let watched: readonly string[] = [paths.allow, paths.deny];
  let version: string | undefined;
  let timer: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();

  const lookIn = (delay: typeof quiet): void => {
    timer?.();
    timer = clock.after(delay, () => enqueue(false));
  };

  const watches = createDirectoryWatches(() => {
    if (!isStopped) lookIn(quiet);
  });

  /** Files that are named for the first time were not watched while they were read: they are read once more. */
  const load = async (): Promise<void> => {
    for (let round = 0; ; round++) {
      await watches.set(await placesOf(watched));
      // before it is read: a change meanwhile is then seen as one
      version = await versionsOf(watched);
      const { rules, diagnostics, paths: found } = await loadWrapperRules(paths, lookups);
      if (isStopped) return;
      const isSame = found.join('\n') === watched.join('\n');
      watched = found;
      if (isSame || round === mostRounds) {
        take(rules, diagnostics);
        return;
      }
    }
  };

  const look = async (isForced: boolean): Promise<void> => {
    if (isStopped) return;
    const isComplete = await watches.set(await placesOf(watched));
    if (isForced || (await versionsOf(watched)) !== version) {
      await load();
      if (!isStopped) lookIn(quiet);
    } else if (!isComplete && !isStopped && timer === undefined) {
      lookIn(lookAgain);
    }
    if (isStopped) watches.closeAll();
  };

  const enqueue = (isForced: boolean): Promise<void> => {
    timer?.();
    timer = undefined;
    running = running.then(() => look(isForced));
    return running;
  };

  return {
    ready: enqueue(true),
    reload: () => enqueue(true),
    stop: () => {
      isStopped = true;
      timer?.();
      timer = undefined;
      watches.closeAll();
    },
  };
};
