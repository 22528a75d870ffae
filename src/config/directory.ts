// Which files a pattern or a directory means. Reads names only; load.ts reads what is in them.
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasWildcard, matchName } from './name-pattern.ts';

/** Names in a directory that editors and package managers leave behind; nobody means them to be read. */
const leftover =
  /^\.|~$|\.(?:bak|swp|orig|rej|save|dpkg-(?:old|new|dist|tmp|bak)|ucf-(?:old|new|dist)|rpm(?:save|new|orig))$/;

export const isLeftover = (name: string): boolean => leftover.test(name);

/** `file` follows links; what is gone by now is `other`. */
export type Member = { readonly name: string; readonly path: string; readonly kind: 'file' | 'other' };

const isFile = async (path: string): Promise<boolean> => {
  const state = await stat(path).catch(() => undefined);
  return state?.isFile() === true;
};

/** The directory itself says it of most; a link has to be followed, and some file systems do not say it at all. */
const isFileBehind = (entry: Dirent, path: string): boolean | Promise<boolean> =>
  entry.isFile() || (entry.isDirectory() ? false : isFile(path));

/** Everything in a directory, sorted by its names. */
export const listDirectory = async (directory: string): Promise<readonly Member[]> => {
  const entries = await readdir(directory, { withFileTypes: true });
  const members: Member[] = [];
  // one after the other: with thousands, asking for all at once would hold up everybody
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    const is = isFileBehind(entry, path);
    members.push({ name: entry.name, path, kind: is === true || (await is) ? 'file' : 'other' });
  }
  return members;
};

/** Absolute paths of the regular files (through links too) that match, sorted in each directory. */
export const expandPattern = async (pattern: string, directory: string): Promise<readonly string[]> => {
  let found = [pattern.startsWith('/') ? '/' : directory];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const part of parts) {
    const next: string[] = [];
    for (const base of found) {
      if (!hasWildcard(part)) {
        next.push(join(base, part));
        continue;
      }
      const names = await readdir(base).catch((): string[] => []);
      for (const name of names.sort()) {
        if (matchName(part, name)) next.push(join(base, name));
      }
    }
    found = next;
  }
  const areFiles = await Promise.all(found.map(isFile));
  return found.filter((_, index) => areFiles[index] === true);
};

/** What the kernel said about a path. */
export const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory';
    case 'ENOTDIR':
      return 'a part of the path is no directory';
    case 'ELOOP':
      return 'too many symbolic links';
    default:
      return typeof code === 'string' ? code : 'an unknown error';
  }
};
