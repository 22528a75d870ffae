// Which files make a configuration: named ones, directories, includes. The only file of config that reads the disk.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type Configuration, completeServices } from './configuration.ts';
import { makeMuxListener } from './inetd/mux-listener.ts';
import { type Item, initialScope, parseText } from './inetd/parse.ts';
import type { Scope } from './inetd/scope.ts';
import { hasWildcard, matchName } from './name-pattern.ts';
import type { LoadOptions } from './options.ts';
import { diagnose, type LocatedService, type Mark } from './source.ts';

export type { Configuration } from './configuration.ts';
export { defaultLoadOptions, type LoadOptions } from './options.ts';
export type { LocatedService, Mark, Marks } from './source.ts';

const complete = (
  services: readonly LocatedService[],
  diagnostics: readonly Diagnostic[],
  options: LoadOptions,
): Pick<Configuration, 'services' | 'diagnostics'> =>
  completeServices(services, diagnostics, (member) => makeMuxListener(member, options));

/** One text alone; what it includes is not read. For tests and for texts that are in no file. */
export const parseConfiguration = (text: string, file: string, options: LoadOptions): Configuration => {
  const { items, diagnostics } = parseText(text, file, initialScope(options));
  const services = items.flatMap((item) => (item.kind === 'service' ? [item] : []));
  const located = services.map(({ service, marks }) => ({ service, marks }));
  return { ...complete(located, diagnostics, options), files: [file], isReadable: true };
};

/** Names in a directory that editors and package managers leave behind; nobody means them to be read. */
const leftover =
  /^\.|~$|\.(?:bak|swp|orig|rej|save|dpkg-(?:old|new|dist|tmp|bak)|ucf-(?:old|new|dist)|rpm(?:save|new|orig))$/;

const reasonOf = (error: unknown): string => {
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

/** The state of one load. */
type Load = {
  readonly services: LocatedService[];
  readonly diagnostics: Diagnostic[];
  readonly files: string[];
  isReadable: boolean;
};

const fileMark = (file: string): Mark => ({ at: { file, line: 1, column: 1 }, source: '', width: 1 });

const reportUnreadable = (load: Load, mark: Mark, file: string, error: unknown): void => {
  load.isReadable = false;
  load.diagnostics.push(
    diagnose('error', mark, `cannot read ${file}: ${reasonOf(error)}`, 'check the path and its permissions'),
  );
};

/** Absolute paths of the regular files (through links too) that match, sorted in each directory. */
const expandPattern = async (pattern: string, directory: string): Promise<readonly string[]> => {
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
  const states = await Promise.all(found.map((path) => stat(path).catch(() => undefined)));
  return found.filter((_, index) => states[index]?.isFile() === true);
};

const loadItems = async (
  load: Load,
  items: readonly Item[],
  file: string,
  chain: readonly string[],
): Promise<void> => {
  for (const item of items) {
    if (item.kind === 'service') {
      load.services.push({ service: item.service, marks: item.marks });
      continue;
    }
    const { pattern, mark, scope } = item;
    const included = await expandPattern(pattern, dirname(file));
    if (included.length === 0 && !hasWildcard(pattern) && scope.meaning.dialect === 'acceptd') {
      const path = pattern.startsWith('/') ? pattern : join(dirname(file), pattern);
      await loadFile(load, path, scope, mark, chain);
    }
    for (const path of included) await loadFile(load, path, scope, mark, chain);
  }
};

/** `mark` is what names the file: the include, or the file itself. */
const loadFile = async (
  load: Load,
  file: string,
  scope: Scope,
  mark: Mark,
  chain: readonly string[],
): Promise<void> => {
  try {
    // What is no file, as a pipe at /dev/stdin, has no path of its own.
    const real = await realpath(file).catch(() => file);
    if (chain.includes(real)) {
      const message = `${file} includes itself; it is not read again`;
      load.diagnostics.push(diagnose('warning', mark, message, 'remove this include'));
      return;
    }
    const text = await readFile(file, 'utf8');
    load.files.push(file);
    const { items, diagnostics } = parseText(text, file, scope);
    for (const diagnostic of diagnostics) load.diagnostics.push(diagnostic);
    await loadItems(load, items, file, [...chain, real]);
  } catch (error) {
    reportUnreadable(load, mark, file, error);
  }
};

const loadDirectory = async (load: Load, directory: string, scope: Scope): Promise<void> => {
  const entries = await readdir(directory);
  for (const name of entries.sort()) {
    const path = join(directory, name);
    const state = await stat(path).catch(() => undefined);
    if (state?.isFile() !== true) continue;
    if (leftover.test(name)) {
      const message = `${path} is not read: its name is one of a hidden file or a backup`;
      load.diagnostics.push(diagnose('warning', fileMark(path), message, 'rename it, or move it away'));
      continue;
    }
    await loadFile(load, path, scope, fileMark(path), []);
  }
};

/** Reads files, and all files of directories, in the order given. */
export const loadConfiguration = async (
  paths: readonly string[],
  options: LoadOptions,
): Promise<Configuration> => {
  const load: Load = { services: [], diagnostics: [], files: [], isReadable: true };
  for (const path of paths) {
    try {
      const state = await stat(path);
      if (state.isDirectory()) await loadDirectory(load, path, initialScope(options));
      else await loadFile(load, path, initialScope(options), fileMark(path), []);
    } catch (error) {
      reportUnreadable(load, fileMark(path), path, error);
    }
  }
  return {
    ...complete(load.services, load.diagnostics, options),
    files: load.files,
    isReadable: load.isReadable,
  };
};
