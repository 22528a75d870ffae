// What the files of a load have in them, and what it means when all of them are read.
import type { Diagnostic } from '../model/diagnostic.ts';
import { runInPieces } from '../model/pieces.ts';
import type { LoadOptions } from './options.ts';
import type { LocatedService } from './source.ts';
import { anyMachine, readMachine } from './units/machine.ts';
import { readUnitPieces } from './units/meaning.ts';
import type { UnitPiece } from './units/unit-set.ts';
import type { Entry } from './xinetd/entries.ts';
import { readMeaning } from './xinetd/meaning.ts';

export type Found = LocatedService | Entry | UnitPiece;

const isEntry = (found: Entry | UnitPiece): found is Entry =>
  found.kind === 'service' || found.kind === 'defaults';

const entriesIn = (found: readonly Found[]): readonly Entry[] =>
  found.flatMap((each) => ('service' in each || !isEntry(each) ? [] : [each]));

export const piecesIn = (found: readonly Found[]): readonly UnitPiece[] =>
  found.flatMap((each) => ('service' in each || isEntry(each) ? [] : [each]));

/** Entries of xinetd.conf and units get their meaning from all of the load, in the place where they stand. */
export const readFound = async (
  found: readonly Found[],
  diagnostics: Diagnostic[],
  options: LoadOptions,
  breathe: () => Promise<void>,
): Promise<readonly LocatedService[]> => {
  const entries = entriesIn(found);
  const pieces = piecesIn(found);
  if (entries.length + pieces.length === 0) return found.flatMap((each) => ('service' in each ? each : []));
  const meaning = await runInPieces(readMeaning(entries, options), breathe);
  const machine = pieces.length === 0 ? anyMachine : await readMachine();
  const settings = { machine, allowsUnprotected: options.allowsUnprotected };
  const units = await runInPieces(readUnitPieces(pieces, settings), breathe);
  for (const diagnostic of [...meaning.diagnostics, ...units.diagnostics]) diagnostics.push(diagnostic);
  await breathe();
  return found.flatMap((each): readonly LocatedService[] => {
    if ('service' in each) return [each];
    if (!isEntry(each)) return units.services.get(each) ?? [];
    const located = meaning.services.get(each);
    return located === undefined ? [] : [located];
  });
};
