// IPAddressAllow= and IPAddressDeny= of a socket unit: who may come.
import type { Access, ClientPattern } from '../../model/access.ts';
import { hostNetwork, type Network, networkOf, parseAddress } from '../../model/network.ts';
import { parseCount } from '../../model/quantity.ts';
import { withoutNetworks } from './network-difference.ts';
import type { Unit } from './unit.ts';
import { readWordTokens } from './values.ts';

const readNetwork = (word: string): Network | undefined => {
  const [text = '', bits] = word.split(/\/(.*)/s);
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  if (bits === undefined) return hostNetwork(address);
  const prefix = parseCount(bits);
  return prefix === undefined || prefix > address.length * 8 ? undefined : networkOf(address, prefix);
};

const everybody: readonly string[] = ['0.0.0.0/0', '::/0'];

/** Names for several networks (systemd.resource-control(5)). */
const named: ReadonlyMap<string, readonly string[]> = new Map([
  ['any', everybody],
  ['localhost', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/64']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
]);

const readList = (key: string, unit: Unit): readonly Network[] =>
  readWordTokens(unit.section('Socket').all(key), unit).flatMap((word) => {
    const networks = (named.get(word.text) ?? [word.text]).map(readNetwork);
    return networks.flatMap(
      (network) =>
        network ?? unit.report.error(word, `'${word.text}' is no network`, 'write ADDRESS/BITS') ?? [],
    );
  });

const patternsOf = (networks: readonly Network[]): readonly ClientPattern[] =>
  networks.map((network) => ({ kind: 'network', network }));

/** Who is allowed comes in, whatever is denied; who is on neither list, too. */
export const readAccess = (unit: Unit): Access | undefined => {
  const allowed = readList('IPAddressAllow', unit);
  const denied = readList('IPAddressDeny', unit);
  const all = everybody.flatMap((word) => readNetwork(word) ?? []);
  const isClosed = withoutNetworks(all, denied).length === 0;
  const noAccess = isClosed ? [] : withoutNetworks(denied, allowed);
  const onlyFrom = !isClosed || withoutNetworks(all, allowed).length === 0 ? undefined : allowed;
  return onlyFrom === undefined && noAccess.length === 0
    ? undefined
    : {
        onlyFrom: onlyFrom && patternsOf(onlyFrom),
        noAccess: patternsOf(noAccess),
        times: [],
        maxLoad: undefined,
        wrapperName: undefined,
      };
};
