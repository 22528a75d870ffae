// The difference between what listens and what should: a pure function from both to what is to be done.
import { addressKey, type ListenAddress } from '../model/address.ts';
import type { ResolvedService } from '../model/service.ts';

export type Wanted = {
  readonly key: string;
  readonly address: ListenAddress;
  readonly service: ResolvedService;
};

export type Plan = {
  /** The same address, whatever else changed: the socket stays, and with it whoever waits in its queue. */
  readonly keep: readonly Wanted[];
  /** `replaces`: keys of listeners that will be closed and stand in the way until then. */
  readonly open: readonly (Wanted & { readonly replaces: readonly string[] })[];
  readonly close: readonly string[];
};

/** Addresses that a service should listen on. */
export const wantedBy = (services: readonly ResolvedService[]): readonly Wanted[] =>
  services.flatMap((service) =>
    service.addresses.map((address) => ({ key: addressKey(address), address, service })),
  );

const isWildcard = (address: { readonly host: string }): boolean =>
  address.host === '0.0.0.0' || address.host === '::';

/** Whether the kernel would refuse to bind one while the other listens. */
const conflicts = (one: ListenAddress, other: ListenAddress): boolean => {
  if (one.kind === 'unix' || other.kind === 'unix') return false;
  if (one.socketType !== other.socketType || one.port !== other.port) return false;
  if (one.version !== other.version) return one.takesMapped || other.takesMapped;
  return one.host === other.host || isWildcard(one) || isWildcard(other);
};

/** Matches by address, not by name or place in the file. */
export const planListeners = (
  running: readonly ListenAddress[],
  services: readonly ResolvedService[],
): Plan => {
  const wanted = wantedBy(services);
  const runningKeys = new Set(running.map(addressKey));
  const wantedKeys = new Set(wanted.map(({ key }) => key));
  const leaving = running.filter((address) => !wantedKeys.has(addressKey(address)));
  const leavingByPort = new Map<number, ListenAddress[]>();
  for (const address of leaving) {
    if (address.kind === 'unix') continue;
    leavingByPort.set(address.port, [...(leavingByPort.get(address.port) ?? []), address]);
  }
  const replacedBy = (address: ListenAddress): readonly string[] =>
    address.kind === 'unix'
      ? []
      : (leavingByPort.get(address.port) ?? []).filter((other) => conflicts(other, address)).map(addressKey);
  return {
    keep: wanted.filter(({ key }) => runningKeys.has(key)),
    open: wanted
      .filter(({ key }) => !runningKeys.has(key))
      .map((each) => ({ ...each, replaces: replacedBy(each.address) })),
    close: leaving.map(addressKey),
  };
};

/** Whether anything but its place in the file is different. */
export const isSameService = (one: ResolvedService, other: ResolvedService): boolean =>
  JSON.stringify({ ...one, origin: undefined }) === JSON.stringify({ ...other, origin: undefined });
