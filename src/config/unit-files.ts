// Finds the files of units on the disk: links, masked ones, drop-ins, and what stands beside a unit that was named alone.
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { splitText } from './source.ts';
import { isUnits, readBundle, readUnitPath } from './units/bundle.ts';
import { companionNames } from './units/companions.ts';
import { type Fragment, wholeText } from './units/syntax.ts';
import { parseUnitName } from './units/unit-name.ts';
import { dropInOwners, type UnitPiece } from './units/unit-set.ts';

/** Types of units beside which a directory may have those that are read. */
const otherSuffixes = /\.(?:target|timer|path|mount|automount|swap|slice|scope|device)$/;

/** Files that stand among units and say nothing about sockets: no word about them. */
const silentSuffixes = /\.(?:target|slice|scope|device|mount|automount|swap)$/;

export const isOtherUnit = (name: string): 'no' | 'silent' | 'told' =>
  !otherSuffixes.test(name) ? 'no' : silentSuffixes.test(name) ? 'silent' : 'told';

/** Whether a file is one of units: by its name, or by what is in it. */
export const isUnitText = (text: string, file: string): boolean =>
  readUnitPath(file) !== undefined || isUnits(text);

/** What a file says: a unit by its name, or several of them. `real` is where its links lead. */
export const piecesOf = (text: string, file: string, real: string): readonly UnitPiece[] => {
  const source = splitText(text, file);
  const unit = readUnitPath(file);
  if (unit === undefined) return readBundle(source);
  const fragment = wholeText(source);
  if (unit.kind === 'drop-in') return [{ ...unit, fragment }];
  if (text === '') return [{ kind: 'masked', name: unit.name }];
  const target = basename(real);
  if (target === unit.name || parseUnitName(target)?.suffix !== parseUnitName(unit.name)?.suffix) {
    return [{ ...unit, fragment }];
  }
  return [
    { kind: 'alias', name: unit.name, target },
    { kind: 'unit', name: target, fragment, isCompanion: true },
  ];
};

/** A link to /dev/null switches a unit off. */
export const isMasked = async (path: string): Promise<boolean> =>
  readUnitPath(path)?.kind === 'unit' && (await realpath(path).catch(() => '')) === '/dev/null';

/** The drop-ins in `NAME.d`, sorted; none where there is no such directory, or its name means nothing. */
export const listDropIns = async (directory: string): Promise<readonly string[]> => {
  if (!directory.endsWith('.d')) return [];
  const names = await readdir(directory).catch((): string[] => []);
  return names
    .sort()
    .map((name) => join(directory, name))
    .filter((path) => readUnitPath(path)?.kind === 'drop-in');
};

/** What reading a file gives; undefined: it is not there, or that it cannot be read is told. */
type ReadPieces = (path: string) => Promise<readonly UnitPiece[] | undefined>;

/** The file of a path is one that somebody named; its directory has the rest of what it means. */
export const readCompanions = async (
  named: readonly { readonly piece: UnitPiece; readonly file: string }[],
  known: readonly UnitPiece[],
  read: ReadPieces,
): Promise<readonly UnitPiece[]> => {
  const found: UnitPiece[] = [];
  const tried = new Set<string>();
  const names = new Set(known.flatMap((piece) => (piece.kind === 'drop-in' ? [] : [piece.name])));
  const waiting = named.map(({ piece, file }) => ({ piece, directory: dirname(file) }));
  const tryFile = async (path: string): Promise<readonly UnitPiece[]> => {
    if (tried.has(path)) return [];
    tried.add(path);
    return (await read(path)) ?? [];
  };
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { piece, directory } = next;
    if (piece.kind === 'drop-in') continue;
    const parts = parseUnitName(piece.name);
    const dropIns: Fragment[] = [];
    for (const owner of parts === undefined ? [] : dropInOwners(piece.name, parts)) {
      for (const path of await listDropIns(join(directory, `${owner}.d`))) {
        for (const each of await tryFile(path)) {
          found.push(each);
          if (each.kind === 'drop-in') dropIns.push(each.fragment);
        }
      }
    }
    for (const name of companionNames(piece, dropIns)) {
      if (names.has(name)) continue;
      for (const each of await tryFile(join(directory, name))) {
        const companion = each.kind === 'unit' ? { ...each, isCompanion: true } : each;
        if (each.kind !== 'drop-in') names.add(each.name);
        found.push(companion);
        waiting.push({ piece: companion, directory });
      }
    }
  }
  return found;
};
