// What a load gives: services and diagnostics; duplicates and tcpmux are seen only here, over all files.

import type { Endpoint } from '../model/address.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Pieces } from '../model/pieces.ts';
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

const whereOf = (endpoint: Endpoint): string => {
  switch (endpoint.kind) {
    case 'unix':
    case 'fifo':
      return endpoint.path;
    case 'vsock':
      return `vsock ${endpoint.cid ?? ''} ${endpoint.port}`;
    case 'internet':
      return `${endpoint.family} ${endpoint.host} ${endpoint.port}`;
  }
};

/** In an xinetd.conf one id may stand for several ports, as it does where a service has both TCP and UDP. */
const placeOf = ({ dialect, endpoints, mux }: Service): string =>
  dialect === 'xinetd' ? ` ${endpoints.map(whereOf).join(',')} ${mux?.name ?? ''}` : '';

/** What makes two entries one: the id, and what ids do not show. */
const identityOf = (service: Service): string => {
  const [endpoint] = service.endpoints;
  return `${endpoint?.socketType} ${service.rpc === undefined ? '' : 'rpc'} ${service.id}${placeOf(service)}`;
};

const showOrigin = ({ origin }: Service): string => `${origin.file}:${origin.line}`;

/** Of entries for one thing the last stays, in the place of the first; in an xinetd.conf the first stays. */
function* dropDuplicates(
  services: readonly LocatedService[],
  diagnostics: Diagnostic[],
): Pieces<readonly LocatedService[]> {
  const kept = new Map<string, LocatedService>();
  for (const located of services) {
    yield;
    const { service, marks } = located;
    const identity = identityOf(service);
    const earlier = kept.get(identity);
    if (earlier === undefined || service.dialect !== 'xinetd') kept.set(identity, located);
    if (earlier === undefined) continue;
    const already = `'${service.id}' is already at ${showOrigin(earlier.service)}`;
    diagnostics.push(
      service.dialect === 'xinetd'
        ? diagnose(
            'error',
            marks.service,
            `${already}, so this one is off`,
            'give it another port, or remove it',
          )
        : diagnose('warning', marks.service, `${already} and is replaced by this one`, 'remove one of them'),
    );
  }
  return [...kept.values()];
}

/** Ids of different things that look the same get a number. */
function* numberIds(
  services: readonly LocatedService[],
  diagnostics: Diagnostic[],
): Pieces<readonly LocatedService[]> {
  const taken = new Set(services.map(({ service }) => service.id));
  const seen = new Map<string, LocatedService>();
  const numbered: LocatedService[] = [];
  for (const located of services) {
    yield;
    const { id, dialect } = located.service;
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, located);
      numbered.push(located);
      continue;
    }
    let number = 2;
    while (taken.has(`${id}#${number}`)) number += 1;
    const unique = `${id}#${number}`;
    taken.add(unique);
    if (dialect === 'xinetd') {
      const message = `the id '${id}' is taken by ${showOrigin(first.service)}: this service is called '${unique}'`;
      diagnostics.push(diagnose('warning', located.marks.service, message, 'write id = NAME'));
    }
    numbered.push({ ...located, service: { ...located.service, id: unique } });
  }
  return numbered;
}

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
      member.service.dialect === 'xinetd'
        ? 'add the service tcpmux with type = INTERNAL'
        : 'add: tcpmux stream tcp nowait root internal',
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
export function* completeServices(
  services: readonly LocatedService[],
  found: readonly Diagnostic[],
  makeMuxListener: (member: LocatedService) => LocatedService | undefined,
): Pieces<Pick<Configuration, 'services' | 'diagnostics'>> {
  const diagnostics = [...found];
  const kept = yield* dropDuplicates(services, diagnostics);
  const withMux = checkMux(kept, makeMuxListener, diagnostics);
  yield;
  const numbered = yield* numberIds(withMux, diagnostics);
  return { services: numbered, diagnostics: sortDiagnostics(diagnostics) };
}
