// Which service a socket unit starts, which sockets a service has, and which server is behind a proxy.
import type { Pieces } from '../../model/pieces.ts';
import { backendNames, isProxy } from './proxy.ts';
import type { SocketUnit } from './socket-unit.ts';
import type { Unit } from './unit.ts';
import type { UnitPiece, UnitSet } from './unit-set.ts';
import { readWordTokens } from './values.ts';

/** A socket unit with the piece that names it. */
export type Source = { readonly socket: SocketUnit; readonly piece: UnitPiece };

/** A service with its sockets in the order of their files. */
export type Group = { readonly service: Unit; readonly sources: readonly [Source, ...Source[]] };

/** Sockets= of a service takes in those units, too, that start no service of their own. */
function* ownersOf(set: UnitSet, serviceNames: readonly string[]): Pieces<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  for (const name of serviceNames) {
    yield;
    const service = set.find(name, false);
    if (service === undefined || service === 'masked') continue;
    for (const word of readWordTokens(service.section('Service').all('Sockets'), service)) {
      if (!owners.has(word.text)) owners.set(word.text, name);
    }
  }
  return owners;
}

/** undefined where there is none, which is told. */
const findService = (
  set: UnitSet,
  { unit, at, serviceName, isAccepting }: SocketUnit,
  owner: string | undefined,
): Unit | undefined => {
  const found =
    set.find(serviceName, isAccepting) ?? (owner === undefined ? undefined : set.find(owner, false));
  if (found === 'masked') {
    return unit.report.warn(
      at,
      `${serviceName} is masked, so ${unit.name} is off`,
      'unmask it, or mask both',
    );
  }
  if (found !== undefined) return found;
  const other = isAccepting ? serviceName.replace('@.', '.') : serviceName.replace(/\.service$/, '@.service');
  const isThere = typeof set.find(other, !isAccepting) === 'object';
  const change = isAccepting ? 'call it so, or write Accept=no' : 'write Accept=yes';
  return unit.report.error(
    at,
    `there is no ${serviceName}`,
    isThere ? `there is ${other}: ${change}` : 'write it beside the socket unit',
  );
};

/** In the order of their first sockets. */
export function* groupSockets(
  set: UnitSet,
  sources: readonly Source[],
  serviceNames: readonly string[],
): Pieces<readonly Group[]> {
  const owners = yield* ownersOf(set, serviceNames);
  const groups = new Map<Unit, [Source, ...Source[]]>();
  for (const source of sources) {
    yield;
    const { socket } = source;
    const service = findService(set, socket, socket.isAccepting ? undefined : owners.get(socket.unit.name));
    if (service === undefined) continue;
    const earlier = groups.get(service);
    if (earlier === undefined) groups.set(service, [source]);
    else earlier.push(source);
  }
  return [...groups].map(([service, members]) => ({ service, sources: members }));
}

/** The first that the proxy needs and that there is. */
export const findBackend = (set: UnitSet, proxy: Unit): Unit | undefined => {
  const names = backendNames(proxy);
  for (const { name } of names) {
    const unit = set.find(name, false);
    if (unit !== undefined && unit !== 'masked' && !isProxy(unit)) return unit;
  }
  for (const { name, isRequired, at } of names) {
    if (isRequired) {
      proxy.report.warn(at, `there is no ${name}, so nothing is started behind this`, 'write it beside');
    }
  }
  return undefined;
};
