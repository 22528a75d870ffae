// Which files make a configuration, and in which language each is: named ones, directories, includes.
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { createBreather, type Pieces, runAtOnce, runInPieces } from '../model/pieces.ts';
import { type Configuration, completeServices } from './configuration.ts';
import { expandPattern, isLeftover, listDirectory, reasonOf } from './directory.ts';
import { type Found, piecesIn, readFound } from './found.ts';
import { makeMuxListener } from './inetd/mux-listener.ts';
import { type Item, initialScope, parseText } from './inetd/parse.ts';
import type { Scope } from './inetd/scope.ts';
import { hasWildcard } from './name-pattern.ts';
import type { LoadOptions } from './options.ts';
import { diagnose, type LocatedService, type Mark, splitText } from './source.ts';
import { isMasked, isOtherUnit, isUnitText, listDropIns, piecesOf, readCompanions } from './unit-files.ts';
import { readUnitPath } from './units/bundle.ts';
import { anyMachine } from './units/machine.ts';
import { readUnitPieces } from './units/meaning.ts';
import type { UnitPiece } from './units/unit-set.ts';
import { readEntries, type Item as XinetdItem } from './xinetd/entries.ts';
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
): Pieces<Pick<Configuration, 'services' | 'diagnostics'>> =>
  completeServices(services, diagnostics, (member) => makeMuxListener(member, options));

const isOfXinetd = (text: string, { language }: LoadOptions): boolean =>
  language === 'auto' ? isXinetd(text) : language === 'xinetd';

const mayBeUnit = ({ language }: LoadOptions): boolean => language === 'auto' || language === 'systemd';

const isOfSystemd = (text: string, file: string, { language }: LoadOptions): boolean =>
  language === 'systemd' || (language === 'auto' && isUnitText(text, file));

/** One text alone; what it includes is not read. For tests and for texts that are in no file. */
export const parseConfiguration = (text: string, file: string, options: LoadOptions): Configuration => {
  const rest = { files: [file], isReadable: true };
  if (isOfSystemd(text, file, options)) {
    const pieces = piecesOf(text, file, file);
    const settings = { machine: anyMachine, allowsUnprotected: options.allowsUnprotected };
    const { services, diagnostics } = runAtOnce(readUnitPieces(pieces, settings));
    const located = pieces.flatMap((piece) => services.get(piece) ?? []);
    return { ...runAtOnce(complete(located, diagnostics, options)), ...rest };
  }
  if (isOfXinetd(text, options)) {
    const { items, diagnostics } = runAtOnce(readEntries(splitText(text, file), options.hasQuotes));
    const entries = items.flatMap((item) => (item.kind === 'entry' ? [item.entry] : []));
    const meaning = runAtOnce(readMeaning(entries, options));
    const found = [...diagnostics, ...meaning.diagnostics];
    return { ...runAtOnce(complete([...meaning.services.values()], found, options)), ...rest };
  }
  const { items, diagnostics } = runAtOnce(parseText(text, file, initialScope(options)));
  const services = items.flatMap((item) => (item.kind === 'service' ? [item] : []));
  const located = services.map(({ service, marks }) => ({ service, marks }));
  return { ...runAtOnce(complete(located, diagnostics, options)), ...rest };
};

/** The state of one load. */
type Load = {
  readonly options: LoadOptions;
  /** In the order of the files; entries of xinetd.conf and units have no meaning before all are read. */
  readonly found: Found[];
  /** Files of units that were named themselves, with what reads others beside them. */
  readonly named: {
    readonly pieces: readonly UnitPiece[];
    readonly file: string;
    readonly read: (path: string) => Promise<readonly UnitPiece[]>;
  }[];
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

const loadText = async (load: Load, text: string, file: string, real: string, way: Way): Promise<void> => {
  const { options, breathe } = load;
  if (!way.isXinetd && isOfSystemd(text, file, options)) {
    for (const piece of piecesOf(text, file, real)) load.found.push(piece);
    return;
  }
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
    await loadText(load, text, file, real, { ...way, chain: [...chain, real] });
  } catch (error) {
    // an include of xinetd.conf costs only itself
    if (!way.isXinetd) load.isReadable = false;
    reportUnreadable(load, mark, file, error);
  }
};

/** What is no regular file: drop-ins of units, and units that are switched off. */
const loadOther = async (load: Load, path: string, name: string, way: Way): Promise<void> => {
  for (const file of await listDropIns(path)) await loadFile(load, file, { ...way, mark: fileMark(file) });
  if (await isMasked(path)) load.found.push({ kind: 'masked', name });
};

const loadDirectory = async (load: Load, directory: string, way: Way): Promise<void> => {
  for (const { name, path, kind } of await listDirectory(directory)) {
    const other = mayBeUnit(load.options) ? isOtherUnit(name) : 'no';
    if (kind === 'other') {
      if (mayBeUnit(load.options)) await loadOther(load, path, name, way);
    } else if (isLeftover(name)) {
      const message = `${path} is not read: its name is one of a hidden file or a backup`;
      report(load, 'warning', fileMark(path), message, 'rename it, or move it away');
    } else if (other === 'told') {
      const message = `${path} is not read: of units acceptd has sockets and services`;
      report(load, 'warning', fileMark(path), message, 'leave it to systemd, or move it away');
    } else if (other === 'no') {
      await loadFile(load, path, { ...way, mark: fileMark(path) });
    }
  }
};

/** A file that was named; a unit of a name of its own brings those along that it speaks of. */
const loadNamed = async (load: Load, file: string, way: Way): Promise<void> => {
  const before = load.found.length;
  await loadFile(load, file, way);
  const pieces = piecesIn(load.found.slice(before));
  if (readUnitPath(file)?.kind !== 'unit') return;
  const read = async (path: string): Promise<readonly UnitPiece[]> => {
    if (load.files.includes(path)) return [];
    if (await isMasked(path)) return [{ kind: 'masked', name: basename(path) }];
    const state = await stat(path).catch(() => undefined);
    if (state?.isFile() !== true) return [];
    const next = load.found.length;
    await loadFile(load, path, { ...way, mark: fileMark(path) });
    return piecesIn(load.found.splice(next));
  };
  load.named.push({ pieces, file, read });
};

/** The units that were named alone, and what stands beside them and was not named. */
const loadCompanions = async (load: Load): Promise<void> => {
  for (const { pieces, file, read } of load.named) {
    const named = pieces.map((piece) => ({ piece, file }));
    load.found.push(...(await readCompanions(named, piecesIn(load.found), read)));
  }
};

/** Reads files, and all files of directories, in the order given. */
export const loadConfiguration = async (
  paths: readonly string[],
  options: LoadOptions,
): Promise<Configuration> => {
  const load: Load = {
    options,
    found: [],
    named: [],
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
      else await loadNamed(load, path, way);
    } catch (error) {
      load.isReadable = false;
      reportUnreadable(load, fileMark(path), path, error);
    }
  }
  await loadCompanions(load);
  const services = await readFound(load.found, load.diagnostics, options, load.breathe);
  return {
    ...(await runInPieces(complete(services, load.diagnostics, options), load.breathe)),
    files: load.files,
    isReadable: load.isReadable,
  };
};
