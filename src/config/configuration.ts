// What a load gives: services and diagnostics; duplicates and tcpmux are seen only here, over all files.
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Service } from '../model/service.ts';
import { diagnose, type LocatedService } from './source.ts';

export type Configuration = {
  readonly services: readonly LocatedService[];
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, in order. */
  readonly files: readonly string[];
  /** False when a named file could not be read: a reload must then change nothing. */
  readonly isReadable: boolean;
};

/** What makes two entries one: the id, and what ids do not show. */
const identityOf = (service: Service): string => {
  const [endpoint] = service.endpoints;
  return `${endpoint?.socketType} ${service.rpc === undefined ? '' : 'rpc'} ${service.id}`;
};

/** Of entries for one thing the last stays, in the place of the first. */
const dropDuplicates = (
  services: readonly LocatedService[],
  diagnostics: Diagnostic[],
): readonly LocatedService[] => {
  const kept = new Map<string, LocatedService>();
  for (const located of services) {
    const identity = identityOf(located.service);
    const earlier = kept.get(identity);
    if (earlier !== undefined) {
      const { file, line } = earlier.service.origin;
      diagnostics.push(
        diagnose(
          'warning',
          located.marks.service,
          `'${located.service.id}' is already at ${file}:${line} and is replaced by this one`,
          'remove one of them',
        ),
      );
    }
    kept.set(identity, located);
  }
  return [...kept.values()];
};

/** Ids of different things that look the same get a number. */
const numberIds = (services: readonly LocatedService[]): readonly LocatedService[] => {
  const taken = new Set(services.map(({ service }) => service.id));
  const seen = new Set<string>();
  return services.map((located) => {
    const { id } = located.service;
    if (!seen.has(id)) {
      seen.add(id);
      return located;
    }
    let number = 2;
    while (taken.has(`${id}#${number}`)) number += 1;
    const unique = `${id}#${number}`;
    taken.add(unique);
    return { ...located, service: { ...located.service, id: unique } };
  });
};

/** The listener that GNU's inetd adds; where it is not wished, members without one are only told. */
const checkMux = (
  services: readonly LocatedService[],
  makeListener: (member: LocatedService) => LocatedService | undefined,
  diagnostics: Diagnostic[],
): readonly LocatedService[] => {
  const member = services.find(({ service }) => service.mux !== undefined);
  const hasListener = services.some(
    ({ service }) => service.answer.kind === 'builtin' && service.answer.builtin === 'tcpmux',
  );
  if (member === undefined || hasListener) return services;
  const listener = makeListener(member);
  if (listener !== undefined) return [...services, listener];
  diagnostics.push(
    diagnose(
      'warning',
      member.marks.service,
      `nobody can reach '${member.service.name}': there is no tcpmux service`,
      'add: tcpmux stream tcp nowait root internal',
    ),
  );
  return services;
};

/** In the order of the files and their lines, whenever a mistake was seen. */
const sortDiagnostics = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => {
  const order = new Map<string, number>();
  for (const { at } of diagnostics) if (!order.has(at.file)) order.set(at.file, order.size);
  const rank = ({ at }: Diagnostic): number => order.get(at.file) ?? 0;
  return [...diagnostics].sort(
    (left, right) =>
      rank(left) - rank(right) || left.at.line - right.at.line || left.at.column - right.at.column,
  );
};

/** What can be said only when all texts are read. `isReadable` and `files` are left to the caller. */
export const completeServices = (
  services: readonly LocatedService[],
  found: readonly Diagnostic[],
  makeMuxListener: (member: LocatedService) => LocatedService | undefined,
): { readonly services: readonly LocatedService[]; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics = [...found];
  const withMux = checkMux(dropDuplicates(services, diagnostics), makeMuxListener, diagnostics);
  return { services: numberIds(withMux), diagnostics: sortDiagnostics(diagnostics) };
};
