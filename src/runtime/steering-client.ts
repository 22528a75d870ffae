// A client that somebody asks about: the record that its connection would have.
import type { ListenAddress } from '../model/address.ts';
import type { Failure } from '../model/event.ts';
import { hostNetwork, parseAddress } from '../model/network.ts';
import { parseCount } from '../model/quantity.ts';
import { type ConnectionRecord, recordOfClient } from '../model/record.ts';

/** Where no port is given: one that clients have. */
const anyPort = 40_000;

type End = { readonly bytes: Uint8Array; readonly port: number };

/** `10.0.0.1`, `10.0.0.1:2000`, `::1`, `[::1]:2000`; an address of IPv4 that is mapped to IPv6 is one of IPv4. */
const parseEnd = (text: string): End | undefined => {
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]*)\]|([^:[\]]*|[^[\]]*:[^[\]]*:[^[\]]*))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const whole = parseAddress(text);
  const bytes = whole ?? parseAddress(bracketed ?? plain ?? '');
  const port = whole !== undefined || digits === undefined ? anyPort : parseCount(digits);
  if (bytes === undefined || port === undefined || port > 65_535) return undefined;
  return { bytes: parseAddress(hostNetwork(bytes).address) ?? bytes, port };
};

const isAny = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Our end, where only one address can be meant. */
const localEnd = (addresses: readonly ListenAddress[], { bytes }: End): End | undefined => {
  for (const address of addresses) {
    if (address.kind !== 'internet') continue;
    const own = parseAddress(address.host);
    if (own !== undefined && own.length === bytes.length && !isAny(own))
      return { bytes: own, port: address.port };
  }
  return undefined;
};

export type AskedClient = {
  readonly record: ConnectionRecord;
  /** Rules may depend on the address that it calls, and that may be any. */
  readonly knowsOwnEnd: boolean;
};

export const readClient = (text: string, addresses: readonly ListenAddress[]): AskedClient | Failure => {
  const remote = parseEnd(text);
  if (remote === undefined)
    return {
      code: 'EINVAL',
      what: `'${text}' is no address of a client: write 192.0.2.1, 192.0.2.1:2000, 2001:db8::1 or [2001:db8::1]:2000`,
    };
  const local = localEnd(addresses, remote);
  return { record: recordOfClient(remote, local), knowsOwnEnd: local !== undefined };
};
