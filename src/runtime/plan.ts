// The difference between what listens and what should: a pure function from both to what is to be done.
import { createHash } from 'node:crypto';
import { addressKey, type ListenAddress } from '../model/address.ts';
import { createBreather, type Pieces, runInPieces } from '../model/pieces.ts';
import type { ResolvedService } from '../model/service.ts';

/** Port 0 is any free port (RPC): then it is the service that makes two listeners one. */
export const listenerKey = (service: ResolvedService, address: ListenAddress): string =>
  address.kind === 'internet' && address.port === 0
    ? `${service.id} ${addressKey(address)}`
    : addressKey(address);

export type Wanted = {
  readonly key: string;
  readonly address: ListenAddress;
  readonly service: ResolvedService;
};

export type Plan = {
  /** The same address, whatever else changed: the socket stays, and with it whoever waits in its queue. */
  readonly keep: readonly Wanted[];
  /** `replaces`: keys of listeners that will be closed and have a part of the same address until then. */
  readonly open: readonly (Wanted & { readonly replaces: readonly string[] })[];
  readonly close: readonly (Leaving & { readonly successor: ResolvedService | undefined })[];
};

export type Leaving = { readonly key: string; readonly address: ListenAddress };

/** Addresses that services should listen on; of two with the same address the first has it. */
function* wantedBy(services: readonly ResolvedService[]): Pieces<readonly Wanted[]> {
  const wanted = new Map<string, Wanted>();
  for (const service of services) {
    yield;
    for (const address of service.addresses) {
      const key = listenerKey(service, address);
      if (!wanted.has(key)) wanted.set(key, { key, address, service });
    }
  }
  return [...wanted.values()];
}

const wildcards: readonly string[] = ['0.0.0.0', '::'];
const isWildcard = (address: { readonly host: string }): boolean => wildcards.includes(address.host);

const anyHost = 'any';
const placeOf = (host: string, port: number): string => `${port} ${host}`;

/** Listeners by host and port, and each once more by its port alone. */
function* indexByPlace(listeners: readonly Leaving[]): Pieces<ReadonlyMap<string, readonly Leaving[]>> {
  const index = new Map<string, Leaving[]>();
  for (const each of listeners) {
    yield;
    if (each.address.kind !== 'internet') continue;
    for (const host of [each.address.host, anyHost]) {
      const place = placeOf(host, each.address.port);
      const others = index.get(place);
      if (others === undefined) index.set(place, [each]);
      else others.push(each);
    }
  }
  return index;
}

/** Whether the kernel would refuse to bind one while the other listens, unless both agree to share. */
const conflicts = (one: ListenAddress, other: ListenAddress): boolean => {
  if (one.kind !== 'internet' || other.kind !== 'internet') return false;
  if (one.socketType !== other.socketType || one.port !== other.port) return false;
  if (one.version !== other.version) return one.takesMapped || other.takesMapped;
  return one.host === other.host || isWildcard(one) || isWildcard(other);
};

/** Matches by address, not by name or place in the file. `running` is by key, as an earlier plan gave it. */
export function* planListeners(
  running: ReadonlyMap<string, { readonly address: ListenAddress }>,
  services: readonly ResolvedService[],
): Pieces<Plan> {
  const wanted = yield* wantedBy(services);
  const wantedKeys = new Set(wanted.map(({ key }) => key));
  const leaving = [...running]
    .filter(([key]) => !wantedKeys.has(key))
    .map(([key, { address }]): Leaving => ({ key, address }));
  const leavingAt = yield* indexByPlace(leaving);
  const replacedBy = (address: ListenAddress): readonly string[] => {
    if (address.kind !== 'internet' || address.port === 0) return [];
    // those that can meet: with thousands of listeners, asking each about each would take seconds
    const hosts = isWildcard(address) ? [anyHost] : [address.host, ...wildcards];
    const others = hosts.flatMap((host) => leavingAt.get(placeOf(host, address.port)) ?? []);
    return others.filter((other) => conflicts(other.address, address)).map(({ key }) => key);
  };
  const keep: Wanted[] = [];
  const open: Plan['open'][number][] = [];
  for (const each of wanted) {
    yield;
    if (running.has(each.key)) keep.push(each);
    else open.push({ ...each, replaces: replacedBy(each.address) });
  }
  const successors = new Map(open.flatMap(({ replaces, service }) => replaces.map((key) => [key, service])));
  return {
    keep,
    open,
    close: leaving.map((each) => ({ ...each, successor: successors.get(each.key) })),
  };
}

/** Of each service that was compared, because a running one is compared at every reload; its whole text would be large. */
const digests = new WeakMap<ResolvedService, string>();

const digestOf = (service: ResolvedService): string => {
  const known = digests.get(service);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...service, origin: undefined });
  const digest = createHash('sha256').update(text).digest('base64');
  digests.set(service, digest);
  return digest;
};

function* digestAll(services: readonly ResolvedService[]): Pieces<void> {
  for (const service of services) {
    digestOf(service);
    yield;
  }
}

/** Looks at all services beforehand, with pauses for everybody else: a comparison is quick then. */
export const examineServices = (services: readonly ResolvedService[]): Promise<void> =>
  runInPieces(digestAll(services), createBreather());

/** Whether nothing but its place in the file is different. */
export const isSameService = (one: ResolvedService, other: ResolvedService): boolean =>
  digestOf(one) === digestOf(other);
