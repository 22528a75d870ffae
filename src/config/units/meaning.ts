// Socket units with the services that they start -> services of acceptd.
import type { Diagnostic } from '../../model/diagnostic.ts';
import { type Pieces, runAtOnce } from '../../model/pieces.ts';
import { diagnose, type LocatedService, splitText } from '../source.ts';
import { readUnitPath } from './bundle.ts';
import { findBackend, type Group, groupSockets, type Source } from './grouping.ts';
import { anyMachine, type Machine } from './machine.ts';
import { combineRelay, combineServer } from './meaning-group.ts';
import { readServiceUnit } from './meaning-service.ts';
import { isProxy } from './proxy.ts';
import { checkSocketKeys } from './socket-keys.ts';
import { readSocketUnit } from './socket-unit.ts';
import { wholeText } from './syntax.ts';
import type { Unit } from './unit.ts';
import { checkCommonKeys } from './unit-keys.ts';
import { templateOf } from './unit-name.ts';
import { createUnitSet, type UnitPiece, type UnitSet } from './unit-set.ts';

export type UnitOptions = {
  readonly machine: Machine;
  /** `--allow-unprotected`. */
  readonly allowsUnprotected: boolean;
};

export type ReadUnits = {
  /** By the piece of its first socket. */
  readonly services: ReadonlyMap<UnitPiece, readonly LocatedService[]>;
  readonly diagnostics: readonly Diagnostic[];
};

function* readSockets(
  set: UnitSet,
  machine: Machine,
): Pieces<{ readonly units: readonly Unit[]; readonly sources: readonly Source[] }> {
  const units: Unit[] = [];
  const sources: Source[] = [];
  const templates = new Set(set.sockets.map(({ name }) => (name.includes('@.') ? '' : templateOf(name))));
  for (const { name, piece } of set.sockets) {
    yield;
    const unit = set.find(name, false);
    if (unit === undefined || unit === 'masked') continue;
    units.push(unit);
    const [first] = unit.directives;
    if (unit.parts.instance === '') {
      const advice = `link ${name.replace('@', '@NAME')} to it`;
      if (first !== undefined && !templates.has(name)) {
        unit.report.warn(first.key, `${name} is a template and has no name`, advice);
      }
      continue;
    }
    checkCommonKeys(unit, 'Socket', 'socket unit');
    checkSocketKeys(unit);
    const socket = readSocketUnit(unit, machine);
    if (socket !== undefined) sources.push({ socket, piece });
  }
  return { units, sources };
}

/** undefined where one of its units has an error. `reached` gets those that are told about. */
const readGroup = (
  set: UnitSet,
  { service, sources: [head, ...rest] }: Group,
  options: UnitOptions,
  reached: Set<Unit>,
): LocatedService | undefined => {
  const first = head.socket;
  const sockets = [first, ...rest.map(({ socket }) => socket)] as const;
  const units = [service, ...sockets.map(({ unit }) => unit)];
  const { allowsUnprotected } = options;
  checkCommonKeys(service, 'Service', 'service unit');
  let located: LocatedService | undefined;
  if (!first.isAccepting && isProxy(service)) {
    const backend = findBackend(set, service);
    if (backend !== undefined) {
      checkCommonKeys(backend, 'Service', 'service unit');
      units.push(backend);
    }
    const context = { role: 'backend', socketCount: 0, flushesPending: false, allowsUnprotected } as const;
    located = combineRelay(sockets, service, backend, backend && readServiceUnit(backend, context));
  } else {
    const part = readServiceUnit(service, {
      role: first.isAccepting ? 'accept' : 'sockets',
      socketCount: first.isAccepting ? 1 : sockets.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
      flushesPending: sockets.some(({ flushesPending }) => flushesPending),
      allowsUnprotected,
    });
    located = part && combineServer(sockets, service, part);
  }
  for (const unit of units) reached.add(unit);
  return units.some(({ report }) => report.errorCount() > 0) ? undefined : located;
};

/** One mistake is told once, whatever reads the unit again. */
const distinct = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => [
  ...new Map(
    diagnostics.map((each) => [`${each.at.file}:${each.at.line}:${each.at.column} ${each.message}`, each]),
  ).values(),
];

const warnOfOthers = (set: UnitSet, reached: ReadonlySet<Unit>): readonly Diagnostic[] => [
  ...set
    .withoutSocket(reached)
    .map(({ name, mark }) =>
      diagnose(
        'warning',
        mark,
        `no socket reaches ${name}, so it is not started`,
        'write a socket unit for it',
      ),
    ),
  ...set.repeated.map(({ name, first, mark }) =>
    diagnose('warning', mark, `${name} is already at ${first}; this one is not read`, 'remove one of them'),
  ),
];

/** The services of all socket units among the pieces; one that has an error is left out. */
export function* readUnitPieces(pieces: readonly UnitPiece[], options: UnitOptions): Pieces<ReadUnits> {
  const set = createUnitSet(pieces, options.machine.facts);
  const { units, sources } = yield* readSockets(set, options.machine);
  yield;
  const names = pieces.flatMap((piece) =>
    piece.kind === 'unit' && /^[^@]+\.service$/.test(piece.name) ? [piece.name] : [],
  );
  const found = new Map<UnitPiece, LocatedService[]>();
  const reached = new Set(units);
  for (const group of yield* groupSockets(set, sources, names)) {
    const located = readGroup(set, group, options, reached);
    const { piece } = group.sources[0];
    if (located !== undefined) found.set(piece, [...(found.get(piece) ?? []), located]);
    yield;
  }
  const diagnostics = [...reached].flatMap(({ report }) => report.diagnostics());
  yield;
  return { services: found, diagnostics: distinct([...diagnostics, ...warnOfOthers(set, reached)]) };
}

export type UnitFile = { readonly name: string; readonly text: string };

/** Units in files of their own, on any machine: what a conversion has written. */
export const readUnits = (
  files: readonly UnitFile[],
  options: UnitOptions = { machine: anyMachine, allowsUnprotected: false },
): { readonly services: readonly LocatedService[]; readonly diagnostics: readonly Diagnostic[] } => {
  const pieces = files.flatMap(({ name, text }): UnitPiece[] => {
    const unit = readUnitPath(name);
    return unit === undefined ? [] : [{ ...unit, fragment: wholeText(splitText(text, name)) }];
  });
  const { services, diagnostics } = runAtOnce(readUnitPieces(pieces, options));
  return { services: pieces.flatMap((piece) => services.get(piece) ?? []), diagnostics };
};
