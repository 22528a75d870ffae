// Finds the patterns of single addresses and networks that an address matches without going through all of them.
import type { HostPattern } from '../model/wrapper-rules.ts';

export type HostIndex<Value> = {
  /** Calls for each value whose pattern the address matches. */
  readonly find: (bytes: Uint8Array, address: string, take: (value: Value) => void) => void;
};

const numberOf = (bytes: Uint8Array): number =>
  (((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)) >>> 0;

/** inet_addr(3) has no other word for this address than that it is none. */
const notAnAddress = 0xffffffff;

export const matchNetwork4 = (
  bytes: Uint8Array,
  pattern: HostPattern & { readonly kind: 'network4' },
): boolean => {
  const address = numberOf(bytes);
  return bytes.length === 4 && address !== notAnAddress && (address & pattern.mask) >>> 0 === pattern.network;
};

/** A text that can only be an address, or a network of IPv4: whether it matches depends on the address alone. */
export const isIndexed = (pattern: HostPattern): boolean =>
  pattern.kind === 'network4' ||
  (pattern.kind === 'text' && pattern.pattern.kind === 'exact' && !pattern.isForNames);

const append = <Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void => {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
};

/** All patterns must be indexed ones. */
export const createHostIndex = <Value>(
  entries: Iterable<readonly [HostPattern, Value]>,
): HostIndex<Value> => {
  const texts = new Map<string, Value[]>();
  /** By mask, then by network. */
  const networks = new Map<number, Map<number, Value[]>>();
  for (const [pattern, value] of entries) {
    if (pattern.kind === 'network4') {
      const ofMask = networks.get(pattern.mask) ?? new Map<number, Value[]>();
      networks.set(pattern.mask, ofMask);
      append(ofMask, pattern.network, value);
    } else if (pattern.kind === 'text' && pattern.pattern.kind === 'exact') {
      append(texts, pattern.pattern.text, value);
    }
  }
  return {
    find: (bytes, address, take) => {
      for (const value of texts.get(address) ?? []) take(value);
      const number = bytes.length === 4 ? numberOf(bytes) : notAnAddress;
      if (number === notAnAddress) return;
      for (const [mask, ofMask] of networks) {
        for (const value of ofMask.get((number & mask) >>> 0) ?? []) take(value);
      }
    },
  };
};
