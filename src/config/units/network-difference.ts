// Networks without those that lie in others: IPAddressAllow= wins over IPAddressDeny=, so what is denied is cut out.
import { type Network, networkOf, parseAddress } from '../../model/network.ts';

const bytesOf = (network: Network): Uint8Array => parseAddress(network.address) ?? new Uint8Array(4);

/** Whether every address of `inner` is one of `outer`. */
export const holds = (outer: Network, inner: Network): boolean => {
  if (outer.version !== inner.version || outer.prefix > inner.prefix) return false;
  return networkOf(bytesOf(inner), outer.prefix).address === outer.address;
};

/** The two halves of a network. */
const halves = (network: Network): readonly Network[] => {
  const prefix = network.prefix + 1;
  const upper = Uint8Array.from(bytesOf(network));
  const at = (prefix - 1) >> 3;
  upper[at] = (upper[at] ?? 0) | (0x80 >> ((prefix - 1) & 7));
  return [networkOf(bytesOf(network), prefix), networkOf(upper, prefix)];
};

const cut = (network: Network, hole: Network): readonly Network[] => {
  if (holds(hole, network)) return [];
  if (!holds(network, hole)) return [network];
  return halves(network).flatMap((half) => cut(half, hole));
};

/** `networks` without all addresses of `holes`. */
export const withoutNetworks = (
  networks: readonly Network[],
  holes: readonly Network[],
): readonly Network[] =>
  holes.reduce<readonly Network[]>((left, hole) => left.flatMap((network) => cut(network, hole)), networks);
