// Numeric addresses and networks of IPv4 and IPv6: what access lists are made of.
import { isIP } from 'node:net';

/** `address` is numeric, in its usual form, with all bits behind `prefix` zero. A single host has all bits as prefix. */
export type Network = { readonly version: 4 | 6; readonly address: string; readonly prefix: number };

const parseV4 = (text: string): readonly number[] => text.split('.').map(Number);

/** Two bytes for each group of one side of a `::`; the last group may be an address of IPv4. */
const parseGroups = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => {
        if (group.includes('.')) return parseV4(group);
        const value = Number.parseInt(group, 16);
        return [value >> 8, value & 255];
      });

/** The 4 or 16 bytes of a numeric address in its full form (no zone, no short forms of inet_aton); undefined for anything else. */
export const parseAddress = (text: string): Uint8Array | undefined => {
  const version = text.includes('%') ? 0 : isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return Uint8Array.from(parseV4(text));
  const [head = '', tail] = text.split('::');
  const first = parseGroups(head);
  const last = tail === undefined ? [] : parseGroups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(first);
  bytes.set(last, 16 - last.length);
  return bytes;
};

/** The usual form (RFC 5952) of 4 or 16 bytes. */
export const showAddressBytes = (bytes: Uint8Array): string => {
  // join() takes ten times as long, and every client's address is shown twice where there is a log
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const text = groups.join(':');
  // the longest run of zero groups, the first of equals, and never a single one
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = runs.reduce((best, run) => (run[0].length > best.length ? run[0] : best), '');
  if (longest === '') return text;
  const at = text.indexOf(longest);
  return `${text.slice(0, at)}::${text.slice(at + longest.length).replace(/^:/, '')}`;
};

/** ::ffff:0:0/96, where IPv4 clients of a dual-stack socket appear. */
const mappedPrefix = 96;
export const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 &&
  bytes.subarray(0, 10).every((byte) => byte === 0) &&
  bytes[10] === 255 &&
  bytes[11] === 255;

const maskBytes = (bytes: Uint8Array, prefix: number): Uint8Array =>
  bytes.map((byte, index) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix - index * 8))) & 255);

/** The network of a prefix around an address; one of mapped addresses is one of IPv4. */
export const networkOf = (bytes: Uint8Array, prefix: number): Network =>
  isMapped(bytes) && prefix >= mappedPrefix
    ? networkOf(bytes.subarray(12), prefix - mappedPrefix)
    : {
        version: bytes.length === 4 ? 4 : 6,
        address: showAddressBytes(maskBytes(bytes, prefix)),
        prefix,
      };

/** The network of one host. */
export const hostNetwork = (bytes: Uint8Array): Network => networkOf(bytes, bytes.length * 8);

/** `10.9.8.0/24`; a single host without its prefix. */
export const showNetwork = ({ version, address, prefix }: Network): string =>
  prefix === (version === 4 ? 32 : 128) ? address : `${address}/${prefix}`;

const bytesOf = ({ address, version }: Network): Uint8Array =>
  parseAddress(address) ?? new Uint8Array(version === 4 ? 4 : 16);

/** The IPv6 network of all mapped addresses: a network around it holds all of IPv4 too. */
const allMapped: Network = { version: 6, address: '::ffff:0:0', prefix: mappedPrefix };

/** Finds one of `networks` in which all of another lies; what it costs depends on how many lengths of prefixes they have. */
export const createContainment = (
  networks: readonly Network[],
): ((network: Network) => Network | undefined) => {
  const known = new Map(networks.map((network) => [showNetwork(network), network]));
  const prefixesOf = (version: 4 | 6): readonly number[] => [
    ...new Set(networks.flatMap((network) => (network.version === version ? [network.prefix] : []))),
  ];
  const prefixes = { 4: prefixesOf(4), 6: prefixesOf(6) };
  const find = (network: Network): Network | undefined => {
    const bytes = bytesOf(network);
    for (const prefix of prefixes[network.version]) {
      const found =
        prefix > network.prefix
          ? undefined
          : known.get(
              showNetwork({
                version: network.version,
                address: showAddressBytes(maskBytes(bytes, prefix)),
                prefix,
              }),
            );
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const mapped = find(allMapped);
  return (network) => find(network) ?? (network.version === 4 ? mapped : undefined);
};
