// Whether files have changed: inotify says where to look, and a look says whether it is so.
import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { milliseconds, seconds } from '../model/quantity.ts';

/** An editor writes in several steps; all of them are one change. */
export const quiet = milliseconds(100);
/** Where the kernel does not tell of changes. */
export const lookAgain = seconds(3);
/** What a file was when it was looked at; another text means that it has changed. */
const versionOf = async (path: string): Promise<string> => {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${path} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `${path} ${error instanceof Error && 'code' in error ? error.code : error}`;
  }
};

export const versionsOf = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(versionOf))).join('\n');

/** Where a change of a file can be seen: its directory, and that of the file to which a link leads; and itself, if it is one. */
export const placesOf = async (paths: readonly string[]): Promise<ReadonlySet<string>> => {
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
export const createDirectoryWatches = (onChange: () => void) => {
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
