// Reloads when a file of the configuration has changed, for who has asked for that.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { createDirectoryWatches, lookAgain, placesOf, quiet, versionsOf } from './file-changes.ts';

/** How often a new file may lead to others. */
const mostRounds = 5;

/** What may change: the files, and the directories in which another one may appear that nobody has named. */
const watchedOf = (named: readonly string[], found: readonly string[]): readonly string[] => {
  const others = found.filter((file) => !named.includes(file));
  return [...new Set([...named, ...others, ...others.map((file) => dirname(file))])];
};

/** A clock of file systems is behind ours by as much. */
const coarseness = 20;

const isAnyNewer = async (paths: readonly string[], since: Date): Promise<boolean> => {
  const times = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return times.some((each) => each !== undefined && each.ctimeMs > since.getTime() - coarseness);
};

/**
 * `named`: what the command line says, files or directories; `found`: the files that were read last, not before `since`. `reload` is called
 * for a change of any of them since then, one at a time. What is given ends it.
 */
export const watchConfiguration = (
  named: readonly string[],
  found: () => readonly string[],
  since: Date,
  clock: Clock,
  reload: () => Promise<unknown>,
): (() => void) => {
  let isStopped = false;
  let version: string | undefined;
  let timer: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();

  const lookIn = (delay: typeof quiet): void => {
    timer?.();
    timer = clock.after(delay, () => {
      timer = undefined;
      running = running.then(look);
    });
  };

  const watches = createDirectoryWatches(() => {
    if (!isStopped) lookIn(quiet);
  });

  /** False where something cannot be watched. The version is that of before whatever is read next. */
  const observe = async (): Promise<boolean> => {
    const watched = watchedOf(named, found());
    const isComplete = await watches.set(await placesOf(watched));
    version = await versionsOf(watched);
    return isComplete;
  };

  /** Files that are read for the first time were not watched while they were: then everything is read once more. */
  const load = async (): Promise<void> => {
    for (let round = 0; round < mostRounds && !isStopped; round++) {
      const before = found().join('\n');
      await reload();
      if (found().join('\n') === before) return;
      await observe();
    }
  };

  const look = async (): Promise<void> => {
    const before = version;
    const isComplete = await observe();
    const isChanged =
      before === undefined ? await isAnyNewer(watchedOf(named, found()), since) : version !== before;
    if (isChanged) {
      await load();
      // a change while it was read
      if (!isStopped) lookIn(quiet);
    } else if (!isComplete && !isStopped && timer === undefined) lookIn(lookAgain);
    if (isStopped) watches.closeAll();
  };

  running = look();
  return () => {
    isStopped = true;
    timer?.();
    watches.closeAll();
  };
};
