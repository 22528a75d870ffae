// Which files a pattern or a directory means. Reads names only; load.ts reads what is in them.
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

/** Everything in a directory, sorted by its names. */
export const listDirectory = async (directory: string): Promise<readonly Member[]> => {
  const names = (await readdir(directory)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      return { name, path, kind: (await isFile(path)) ? 'file' : 'other' };
    }),
  );
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
