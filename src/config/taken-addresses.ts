// Two services that want one address: which of them has it, and where the kernel would refuse one of them.
import { addressKey, describeAddress, type InternetAddress, type ListenAddress } from '../model/address.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Pieces } from '../model/pieces.ts';
import type { ResolvedService } from '../model/service.ts';
import { diagnose, type LocatedService } from './source.ts';

export type Resolved = { readonly located: LocatedService; readonly service: ResolvedService };

/** rpc services have port 0 each, which is no address that two could share. */
const claimKey = (address: ListenAddress, { rpc }: ResolvedService): string => {
  // a path can be one thing only
  if (address.kind === 'unix' || address.kind === 'fifo') return `unix ${address.path}`;
  if (address.kind === 'vsock') return addressKey(address);
  // Dual and IPv6-only cannot both be bound, so they are one claim.
  const key = addressKey({ ...address, takesMapped: false });
  return address.port === 0 ? `rpc ${rpc?.program}/${rpc?.lowVersion}-${rpc?.highVersion} ${key}` : key;
};

type Claim = { readonly index: number; readonly address: ListenAddress };

const placeOf = ({ service }: Resolved): string =>
  `'${service.id}' at ${service.origin.file}:${service.origin.line}`;

/** Who of two services has an address that both want: an xinetd.conf gives it to the first, an inetd.conf to the last. */
const isKept = (earlier: Resolved, later: Resolved): boolean =>
  earlier.service.dialect === 'xinetd' || later.service.dialect === 'xinetd';

/** Whether it does not matter which of two services runs. */
const areSame = (left: Resolved, right: Resolved): boolean => {
  const [one, other] = [left, right].map(({ service }) =>
    JSON.stringify({ ...service, id: '', origin: undefined, endpoints: undefined, addresses: undefined }),
  );
  return one === other;
};

const reportTaken = (
  address: ListenAddress,
  earlier: Resolved,
  later: Resolved,
  diagnostics: Diagnostic[],
): void => {
  const { service: mark } = later.located.marks;
  const shown = describeAddress(address);
  if (!isKept(earlier, later)) {
    const message = `${shown} is also wanted by ${placeOf(earlier)}, which loses it`;
    diagnostics.push(diagnose('warning', mark, message, 'remove one of them'));
  } else if (areSame(earlier, later)) {
    const message = `this is the same service as ${placeOf(earlier)}, which has ${shown} already`;
    diagnostics.push(diagnose('warning', mark, message, 'remove one of them'));
  } else {
    const message = `${shown} belongs to ${placeOf(earlier)}, so '${later.service.id}' is off`;
    const advice = 'give it another port or address, or remove one of them';
    diagnostics.push(diagnose('error', mark, message, advice));
  }
};

/** One that has lost all of its addresses is off; so is one of an xinetd.conf that has lost any. */
export function* dropTakenAddresses(
  services: readonly Resolved[],
  diagnostics: Diagnostic[],
): Pieces<readonly Resolved[]> {
  const claims = new Map<string, Claim>();
  const lost = new Set<ListenAddress>();
  const off = new Set<Resolved>();
  for (const [index, resolved] of services.entries()) {
    yield;
    for (const address of resolved.service.addresses) {
      const key = claimKey(address, resolved.service);
      const claim = claims.get(key);
      if (claim?.index === index) {
        // A host name and its number, written side by side: one listener.
        lost.add(address);
        continue;
      }
      const earlier = claim && services[claim.index];
      if (claim !== undefined && earlier !== undefined && !off.has(earlier)) {
        if (off.has(resolved)) continue;
        reportTaken(address, earlier, resolved, diagnostics);
        if (isKept(earlier, resolved)) {
          off.add(resolved);
          continue;
        }
        lost.add(claim.address);
      }
      claims.set(key, { index, address });
    }
  }
  const kept: Resolved[] = [];
  for (const resolved of services) {
    yield;
    const { service } = resolved;
    if (off.has(resolved)) continue;
    const addresses = service.addresses.filter((address) => !lost.has(address));
    if (addresses.length === service.addresses.length) kept.push(resolved);
    else if (addresses.length > 0) kept.push({ ...resolved, service: { ...service, addresses } });
  }
  return kept;
}

const isWildcard = (address: InternetAddress): boolean => address.host === '0.0.0.0' || address.host === '::';

/** Whether a listener on `wide` keeps one on `narrow` from being opened (bind(2) gives EADDRINUSE). */
const shuts = (wide: InternetAddress, narrow: InternetAddress): boolean =>
  wide !== narrow && (wide.version === narrow.version || wide.takesMapped);

/**
 * SO_REUSEADDR lets datagram sockets of all addresses and of one live side by side, but not listening TCP ones:
 * the one that is opened second fails. It stays in the configuration, because the other may go.
 */
export function* warnOfOverlaps(services: readonly Resolved[], diagnostics: Diagnostic[]): Pieces<void> {
  const wildcards = new Map<number, { readonly resolved: Resolved; readonly address: InternetAddress }[]>();
  const all = services.flatMap((resolved) =>
    resolved.service.addresses.flatMap((address) =>
      address.kind === 'internet' && address.socketType === 'stream' && address.port !== 0
        ? [{ resolved, address }]
        : [],
    ),
  );
  yield;
  for (const entry of all) {
    if (!isWildcard(entry.address)) continue;
    const list = wildcards.get(entry.address.port) ?? [];
    list.push(entry);
    wildcards.set(entry.address.port, list);
  }
  for (const { resolved, address } of all) {
    yield;
    for (const wide of wildcards.get(address.port) ?? []) {
      if (!shuts(wide.address, address)) continue;
      diagnostics.push(
        diagnose(
          'warning',
          resolved.located.marks.service,
          `${describeAddress(address)} cannot be open beside ${describeAddress(wide.address)} of ${placeOf(wide.resolved)}`,
          'give one of them another port, or name all addresses',
        ),
      );
    }
  }
}
