// Keeps the rules of hosts.allow and hosts.deny as the files are: read again when they change, beside everything else.
import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Lookups } from '../config/lookups.ts';
import type { Clock } from '../model/clock.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { milliseconds, seconds } from '../model/quantity.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { loadWrapperRules, type WrapperPaths } from './wrapper-load.ts';

export const usualWrapperPaths: WrapperPaths = { allow: '/etc/hosts.allow', deny: '/etc/hosts.deny' };

export type WrapperFiles = {
  /** Resolves when the rules have been taken for the first time: nobody may be let in before. */
  readonly ready: Promise<void>;
  /** Reads everything again, the names of users too; resolves when that has been taken. */
  readonly reload: () => Promise<void>;
  readonly stop: () => void;
};

/** An editor writes in several steps; all of them are one change. */
const quiet = milliseconds(100);
/** Where the kernel does not tell of changes. */
const lookAgain = seconds(3);
/** How often files that name files may lead to others. */
const mostRounds = 5;

/** What a file was when it was looked at; another text means that it has changed. */
const versionOf = async (path: string): Promise<string> => {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${path} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `${path} ${error instanceof Error && 'code' in error ? error.code : error}`;
  }
};

const versionsOf = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(versionOf))).join('\n');

/** Where a change of a file can be seen: its directory, and that of the file to which a link leads; and itself, if it is one. */
const placesOf = async (paths: readonly string[]): Promise<ReadonlySet<string>> => {
  const places = new Set<string>();
  for (const path of paths) {
    places.add(dirname(path));
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) continue;
    places.add(dirname(real));
    if ((await stat(real).catch(() => undefined))?.isDirectory() === true) places.add(real);
  }
  return places;
};

/** One inotify watch for each directory; tells of any change in one of them. */
const createDirectoryWatches = (onChange: () => void) => {
  const watches = new Map<string, { readonly watcher: FSWatcher; readonly version: string }>();

  const close = (place: string): void => {
    watches.get(place)?.watcher.close();
    watches.delete(place);
  };

  const open = (place: string, version: string): boolean => {
    try {
      const watcher = watch(place, { persistent: false }, onChange);
      watcher.on('error', () => {
        close(place);
        onChange();
      });
      watches.set(place, { watcher, version });
      return true;
    } catch {
      // no such directory, or no watch to be had
      return false;
    }
  };

  /** False where one of them cannot be watched. */
  const set = async (places: ReadonlySet<string>): Promise<boolean> => {
    for (const place of watches.keys()) if (!places.has(place)) close(place);
    let isComplete = true;
    for (const place of places) {
      const found = await stat(place).catch(() => undefined);
      const version = `${found?.dev} ${found?.ino}`;
      const known = watches.get(place);
      // a directory that was made anew is another one
      if (known !== undefined && known.version !== version) close(place);
      if (found === undefined || (!watches.has(place) && !open(place, version))) isComplete = false;
    }
    return isComplete;
  };

  return {
    set,
    closeAll: () => {
      for (const place of [...watches.keys()]) close(place);
    },
  };
};

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
