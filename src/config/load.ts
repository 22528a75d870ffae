// Which files make a configuration, and in which language each is: named ones, directories, includes.
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type Configuration, completeServices } from './configuration.ts';
import { expandPattern, isLeftover, listDirectory, reasonOf } from './directory.ts';
import { makeMuxListener } from './inetd/mux-listener.ts';
import { type Item, initialScope, parseText } from './inetd/parse.ts';
import type { Scope } from './inetd/scope.ts';
import { hasWildcard } from './name-pattern.ts';
import type { LoadOptions } from './options.ts';
import { createBreather, runAtOnce, runInPieces } from './pieces.ts';
import { diagnose, type LocatedService, type Mark, splitText } from './source.ts';
import { type Entry, readEntries, type Item as XinetdItem } from './xinetd/entries.ts';
import { isXinetd } from './xinetd/language.ts';
import { readMeaning } from './xinetd/meaning.ts';
import { markWord } from './xinetd/notes.ts';

export type { Configuration } from './configuration.ts';
export { defaultLoadOptions, type LoadOptions } from './options.ts';
export type { LocatedService, Mark, Marks } from './source.ts';

const complete = (
  services: readonly LocatedService[],
  diagnostics: readonly Diagnostic[],
  options: LoadOptions,
): Pick<Configuration, 'services' | 'diagnostics'> =>
  completeServices(services, diagnostics, (member) => makeMuxListener(member, options));

const isOfXinetd = (text: string, { language }: LoadOptions): boolean =>
  language === 'auto' ? isXinetd(text) : language === 'xinetd';

/** One text alone; what it includes is not read. For tests and for texts that are in no file. */
export const parseConfiguration = (text: string, file: string, options: LoadOptions): Configuration => {
  const rest = { files: [file], isReadable: true };
  if (isOfXinetd(text, options)) {
    const { items, diagnostics } = runAtOnce(readEntries(splitText(text, file), options.hasQuotes));
    const entries = items.flatMap((item) => (item.kind === 'entry' ? [item.entry] : []));
    const meaning = runAtOnce(readMeaning(entries, options));
    const found = [...diagnostics, ...meaning.diagnostics];
    return { ...complete([...meaning.services.values()], found, options), ...rest };
  }
  const { items, diagnostics } = runAtOnce(parseText(text, file, initialScope(options)));
  const services = items.flatMap((item) => (item.kind === 'service' ? [item] : []));
  const located = services.map(({ service, marks }) => ({ service, marks }));
  return { ...complete(located, diagnostics, options), ...rest };
};

/** The state of one load. */
type Load = {
  readonly options: LoadOptions;
  /** In the order of the files; entries of xinetd.conf have no meaning before all are read. */
  readonly found: (LocatedService | Entry)[];
  readonly diagnostics: Diagnostic[];
  readonly files: string[];
  isReadable: boolean;
  readonly breathe: () => Promise<void>;
};

const fileMark = (file: string): Mark => ({ at: { file, line: 1, column: 1 }, source: '', width: 1 });

const report = (
  load: Load,
  severity: Diagnostic['severity'],
  mark: Mark,
  message: string,
  advice: string,
): void => {
  load.diagnostics.push(diagnose(severity, mark, message, advice));
};

const reportUnreadable = (load: Load, mark: Mark, file: string, error: unknown): void => {
  report(
    load,
    'error',
    mark,
    `cannot read ${file}: ${reasonOf(error)}`,
    'check the path and its permissions',
  );
};

/** A path that is not absolute is relative to the file that names it. */
const beside = (file: string, path: string): string =>
  path.startsWith('/') ? path : join(dirname(file), path);

/** What includes a file, or names it itself. */
type Way = {
  /** Where the file is named. */
  readonly mark: Mark;
  /** The files that lead to it. */
  readonly chain: readonly string[];
  readonly scope: Scope;
  /** What an xinetd.conf includes is one too, and may be missing. */
  readonly isXinetd: boolean;
};

const loadItems = async (load: Load, items: readonly Item[], file: string, way: Way): Promise<void> => {
  for (const item of items) {
    if (item.kind === 'service') {
      load.found.push({ service: item.service, marks: item.marks });
      continue;
    }
    const { pattern, mark, scope } = item;
    const included = await expandPattern(pattern, dirname(file));
    if (included.length === 0 && !hasWildcard(pattern) && scope.meaning.dialect === 'acceptd') {
      await loadFile(load, beside(file, pattern), { ...way, mark, scope });
    }
    for (const path of included) await loadFile(load, path, { ...way, mark, scope });
  }
};

/** Names with a dot or a tilde at the end are left out; those that somebody may mean are told. */
const loadIncludedDirectory = async (load: Load, directory: string, way: Way): Promise<void> => {
  try {
    for (const { name, path, kind } of await listDirectory(directory)) {
      if (name.includes('.') || name.endsWith('~')) {
        if (isLeftover(name)) continue;
        const message = `${path} is not read: its name has a dot, and includedir leaves such files out`;
        report(load, 'warning', fileMark(path), message, 'rename it, or move it away');
      } else if (kind === 'other') {
        const message = `${path} is not a regular file and is skipped`;
        report(load, 'warning', way.mark, message, 'move it away');
      } else {
        await loadFile(load, path, way);
      }
    }
  } catch (error) {
    reportUnreadable(load, way.mark, directory, error);
  }
};

const loadXinetdItems = async (
  load: Load,
  items: readonly XinetdItem[],
  file: string,
  way: Way,
): Promise<void> => {
  for (const item of items) {
    if (item.kind === 'entry') {
      load.found.push(item.entry);
      continue;
    }
    const path = beside(file, item.path.text);
    const further = { ...way, mark: markWord(item.path), isXinetd: true };
    if (item.kind === 'include') await loadFile(load, path, further);
    else await loadIncludedDirectory(load, path, further);
  }
};

const loadText = async (load: Load, text: string, file: string, way: Way): Promise<void> => {
  const { options, breathe } = load;
  if (way.isXinetd || isOfXinetd(text, options)) {
    const pieces = readEntries(splitText(text, file), options.hasQuotes);
    const { items, diagnostics } = await runInPieces(pieces, breathe);
    for (const diagnostic of diagnostics) load.diagnostics.push(diagnostic);
    await loadXinetdItems(load, items, file, way);
    return;
  }
  const { items, diagnostics } = await runInPieces(parseText(text, file, way.scope), breathe);
  for (const diagnostic of diagnostics) load.diagnostics.push(diagnostic);
  await loadItems(load, items, file, way);
};

const loadFile = async (load: Load, file: string, way: Way): Promise<void> => {
  const { mark, chain } = way;
  try {
    // What is no file, as a pipe at /dev/stdin, has no path of its own.
    const real = await realpath(file).catch(() => file);
    if (chain.includes(real)) {
      report(load, 'warning', mark, `${file} includes itself; it is not read again`, 'remove this include');
      return;
    }
    const text = await readFile(file, 'utf8');
    load.files.push(file);
    await loadText(load, text, file, { ...way, chain: [...chain, real] });
  } catch (error) {
    // an include of xinetd.conf costs only itself
    if (!way.isXinetd) load.isReadable = false;
    reportUnreadable(load, mark, file, error);
  }
};

const loadDirectory = async (load: Load, directory: string, way: Way): Promise<void> => {
  for (const { name, path, kind } of await listDirectory(directory)) {
    if (kind === 'other') continue;
    if (isLeftover(name)) {
      const message = `${path} is not read: its name is one of a hidden file or a backup`;
      report(load, 'warning', fileMark(path), message, 'rename it, or move it away');
      continue;
    }
    await loadFile(load, path, { ...way, mark: fileMark(path) });
  }
};

/** Entries of xinetd.conf get their meaning from all of the load, in the place where they stand. */
const readFound = async ({ found, diagnostics, options, breathe }: Load): Promise<LocatedService[]> => {
  const entries = found.flatMap((each) => ('service' in each ? [] : [each]));
  if (entries.length === 0) return found.flatMap((each) => ('service' in each ? [each] : []));
  const meaning = await runInPieces(readMeaning(entries, options), breathe);
  for (const diagnostic of meaning.diagnostics) diagnostics.push(diagnostic);
  return found.flatMap((each) => ('service' in each ? each : (meaning.services.get(each) ?? [])));
};

/** Reads files, and all files of directories, in the order given. */
export const loadConfiguration = async (
  paths: readonly string[],
  options: LoadOptions,
): Promise<Configuration> => {
  const load: Load = {
    options,
    found: [],
    diagnostics: [],
    files: [],
    isReadable: true,
    breathe: createBreather(),
  };
  for (const path of paths) {
    const way: Way = { mark: fileMark(path), chain: [], scope: initialScope(options), isXinetd: false };
    try {
      const state = await stat(path);
      if (state.isDirectory()) await loadDirectory(load, path, way);
      else await loadFile(load, path, way);
    } catch (error) {
      load.isReadable = false;
      reportUnreadable(load, fileMark(path), path, error);
    }
  }
  const services = await readFound(load);
  return {
    ...complete(services, load.diagnostics, options),
    files: load.files,
    isReadable: load.isReadable,
  };
};
