// The units among the files of a load: texts, drop-ins, other names, and those that are switched off.
import type { Mark } from '../source.ts';
import type { Facts } from './specifiers.ts';
import type { Fragment } from './syntax.ts';
import { openUnit, type Unit } from './unit.ts';
import { parseUnitName, templateOf, type UnitName } from './unit-name.ts';

/** What a file says about the unit of a name. */
export type UnitPiece =
  | {
      readonly kind: 'unit';
      readonly name: string;
      readonly fragment: Fragment;
      /** Nobody has named the file; it was looked for beside another. */
      readonly isCompanion?: boolean;
    }
  /** `of` is the directory's name without `.d`: a unit, all units of a prefix (`foo-.socket`), or a type (`socket`). */
  | {
      readonly kind: 'drop-in';
      readonly of: string;
      readonly name: string;
      readonly fragment: Fragment;
    }
  | { readonly kind: 'masked'; readonly name: string }
  /** A link under one name to a file with another. */
  | { readonly kind: 'alias'; readonly name: string; readonly target: string };

type DropIn = UnitPiece & { readonly kind: 'drop-in' };

/** Directories whose drop-ins a unit has, the one that is most its own first. */
export const dropInOwners = (name: string, { prefix, suffix }: UnitName): readonly string[] => {
  const owners = [name, templateOf(name)];
  for (let end = prefix.lastIndexOf('-'); end > 0; end = prefix.lastIndexOf('-', end - 1)) {
    owners.push(`${prefix.slice(0, end + 1)}.${suffix}`);
  }
  return [...new Set([...owners, suffix])];
};

export type Found = Unit | 'masked' | undefined;

export type UnitSet = {
  /** With its drop-ins; a unit is opened once for each answer to whether its instances are connections. */
  find(name: string, isPerConnection: boolean): Found;
  /** Names of sockets to serve in the order of their files, with the pieces that name them. */
  readonly sockets: readonly { readonly name: string; readonly piece: UnitPiece }[];
  /** Files of services that are none of these units and have no socket, marked at their first lines. */
  withoutSocket(units: ReadonlySet<Unit>): readonly { readonly name: string; readonly mark: Mark }[];
  /** Units that stand in a second file, which is not read. */
  readonly repeated: readonly { readonly name: string; readonly first: string; readonly mark: Mark }[];
};

const firstLine = ({ source, first }: Fragment): Mark => {
  const text = source.lines[first] ?? '';
  return {
    at: { file: source.file, line: first + 1, column: 1 },
    source: text,
    width: Math.max(1, text.length),
  };
};

const isSocket = (name: string): boolean => parseUnitName(name)?.suffix === 'socket';

export const createUnitSet = (pieces: readonly UnitPiece[], facts: Facts): UnitSet => {
  const named = new Map<string, UnitPiece>();
  const dropIns = new Map<string, DropIn[]>();
  const repeated: { name: string; first: string; mark: Mark }[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'drop-in') {
      const earlier = dropIns.get(piece.of);
      if (earlier === undefined) dropIns.set(piece.of, [piece]);
      else earlier.push(piece);
      continue;
    }
    const first = named.get(piece.name);
    const isOnlyCompanion = first?.kind === 'unit' && first.isCompanion === true;
    if (first === undefined || isOnlyCompanion) named.set(piece.name, piece);
    else if (piece.kind === 'unit' && piece.isCompanion !== true) {
      const file = first.kind === 'unit' ? first.fragment.source.file : 'a link';
      repeated.push({ name: piece.name, first: file, mark: firstLine(piece.fragment) });
    }
  }
  const opened = new Map<string, Unit>();
  const pieceOf = new Map<Unit, UnitPiece>();

  const fragmentsOf = (name: string, parts: UnitName): readonly Fragment[] => {
    const chosen = new Map<string, DropIn>();
    for (const owner of dropInOwners(name, parts)) {
      for (const each of dropIns.get(owner) ?? []) {
        if (!chosen.has(each.name)) chosen.set(each.name, each);
      }
    }
    return [...chosen.values()]
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map(({ fragment }) => fragment);
  };

  const find = (name: string, isPerConnection: boolean): Found => {
    let at = name;
    let piece = named.get(at) ?? named.get(templateOf(at));
    // links that lead in a circle lead nowhere
    for (let steps = 0; piece?.kind === 'alias' && steps < 8; steps += 1) {
      const isInstance = piece.target === templateOf(at);
      if (!isInstance) at = piece.target;
      piece = named.get(piece.target);
    }
    if (piece?.kind === 'masked') return 'masked';
    const parts = parseUnitName(at);
    if (piece?.kind !== 'unit' || parts === undefined) return undefined;
    const key = `${isPerConnection} ${at}`;
    const known = opened.get(key);
    if (known !== undefined) return known;
    const text = {
      name: at,
      parts,
      fragments: [piece.fragment, ...fragmentsOf(at, parts)] as const,
    };
    const unit = openUnit(text, isPerConnection, facts);
    opened.set(key, unit);
    pieceOf.set(unit, piece);
    return unit;
  };

  return {
    find,
    sockets: [...named.values()].flatMap((piece) => {
      if (piece.kind === 'drop-in' || !isSocket(piece.name) || piece.kind === 'masked') return [];
      // another name of a unit is no second unit, but an instance of a template is
      const isOther = piece.kind === 'alias' && piece.target !== templateOf(piece.name);
      return isOther ? [] : [{ name: piece.name, piece }];
    }),
    withoutSocket(units) {
      const reached = new Set([...units].map((unit) => pieceOf.get(unit)));
      return [...named.values()].flatMap((piece) =>
        piece.kind === 'unit' &&
        piece.name.endsWith('.service') &&
        piece.isCompanion !== true &&
        !reached.has(piece) &&
        !named.has(piece.name.replace(/@?\.service$/, '.socket'))
          ? [{ name: piece.name, mark: firstLine(piece.fragment) }]
          : [],
      );
    },
    repeated,
  };
};
