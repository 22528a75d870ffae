// Which other units those of a load speak of: they are looked for beside the files that were named.
import { backendNames, isProxy } from './proxy.ts';
import { systemFacts } from './specifiers.ts';
import type { Fragment } from './syntax.ts';
import { openUnit, type Unit } from './unit.ts';
import { parseUnitName } from './unit-name.ts';
import type { UnitPiece } from './unit-set.ts';
import { readText, readWords } from './values.ts';

const ofSocket = (unit: Unit): readonly string[] => {
  const { prefix, instance } = unit.parts;
  const service = readText(unit.section('Socket').one('Service'), unit);
  const own = instance === undefined ? [] : [`${prefix}@${instance}.service`];
  return [`${prefix}.service`, `${prefix}@.service`, ...own, ...(service === undefined ? [] : [service])];
};

const ofService = (unit: Unit): readonly string[] => [
  `${unit.parts.prefix}.socket`,
  ...readWords(unit.section('Service').all('Sockets'), unit),
  ...(isProxy(unit) ? backendNames(unit).map(({ name }) => name) : []),
];

/** Names of files that a unit with its drop-ins may need; what is wrong with it is told elsewhere. */
export const companionNames = (piece: UnitPiece, dropIns: readonly Fragment[]): readonly string[] => {
  if (piece.kind === 'alias') return [piece.target];
  const parts = piece.kind === 'unit' ? parseUnitName(piece.name) : undefined;
  if (piece.kind !== 'unit' || parts === undefined) return [];
  const unit = openUnit(
    { name: piece.name, parts, fragments: [piece.fragment, ...dropIns] },
    false,
    systemFacts,
  );
  const names = parts.suffix === 'socket' ? ofSocket(unit) : ofService(unit);
  return names.filter((name) => !name.includes('/') && parseUnitName(name) !== undefined);
};
