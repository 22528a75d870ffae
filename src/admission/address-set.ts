// Sets of addresses that answer at once, however many networks they are made of.
import { isMapped, type Network, networkOf, parseAddress } from '../model/network.ts';
import { type ConnectionRecord, familyOf, remoteWord } from '../model/record.ts';

/**
 * Rising points at which a set begins and ends by turns: what has an odd number of them at or below it is in the set.
 * There is none at the end of the space.
 */
export type Bounds<Point extends number | bigint> = readonly Point[];

export type AddressBounds = { readonly v4: Bounds<number>; readonly v6: Bounds<bigint> };

type Span<Point extends number | bigint> = readonly [first: Point, end: Point];

const space4 = 2 ** 32;
const space6 = 2n ** 128n;
const mappedFirst = 0xffff_0000_0000n;

const toNumber = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0);
const toBigint = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** What touches or overlaps becomes one. */
const merge = <Point extends number | bigint>(spans: Span<Point>[], space: Point): Bounds<Point> => {
  spans.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const bounds: Point[] = [];
  for (const [first, end] of spans) {
    const last = bounds.at(-1);
    if (last === undefined || first > last) bounds.push(first, end);
    else if (end > last) bounds[bounds.length - 1] = end;
  }
  if (bounds.at(-1) === space) bounds.pop();
  return bounds;
};

/** A network of IPv6 that holds all mapped addresses means all clients of IPv4 too. */
export const boundsOf = (networks: readonly Network[]): AddressBounds => {
  const v4: Span<number>[] = [];
  const v6: Span<bigint>[] = [];
  for (const written of networks) {
    const bytes = parseAddress(written.address);
    if (bytes === undefined) throw new Error(`no numeric address: ${written.address}`);
    // brings a mapped address, however it came here, and bits behind the prefix into the usual form
    const isIpv4 = bytes.length === 4 || (isMapped(bytes) && written.prefix >= 96);
    const network = networkOf(bytes, written.prefix);
    const start = parseAddress(network.address) ?? bytes;
    if (isIpv4) {
      const first = toNumber(start);
      v4.push([first, first + 2 ** (32 - network.prefix)]);
      continue;
    }
    const first = toBigint(start);
    const end = first + (1n << BigInt(128 - network.prefix));
    v6.push([first, end]);
    if (first <= mappedFirst && mappedFirst + BigInt(space4) <= end) v4.push([0, space4]);
  }
  return { v4: merge(v4, space4), v6: merge(v6, space6) };
};

/** What is in the one and not in the other. */
const without = <Point extends number | bigint>(one: Bounds<Point>, other: Bounds<Point>): Bounds<Point> => {
  const points = [...one, ...other].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bounds: Point[] = [];
  let [inOne, inOther] = [0, 0];
  for (const [index, point] of points.entries()) {
    if (point === points[index - 1]) continue;
    while ((one[inOne] ?? point) <= point && inOne < one.length) inOne++;
    while ((other[inOther] ?? point) <= point && inOther < other.length) inOther++;
    const isIn = inOne % 2 === 1 && inOther % 2 === 0;
    if (isIn !== (bounds.length % 2 === 1)) bounds.push(point);
  }
  return bounds;
};

/** Both families at once. */
export const boundsWithout = (one: AddressBounds, other: AddressBounds): AddressBounds => ({
  v4: without(one.v4, other.v4),
  v6: without(one.v6, other.v6),
});

export const everyAddress: AddressBounds = { v4: [0], v6: [0n] };

/** Bounds as the search wants them: one word for each of IPv4, four for each of IPv6. */
export type AddressSet = { readonly v4: Uint32Array; readonly v6: Uint32Array };

export const addressSetOf = ({ v4, v6 }: AddressBounds): AddressSet => ({
  v4: Uint32Array.from(v4),
  v6: Uint32Array.from(
    v6.flatMap((point) => [96n, 64n, 32n, 0n].map((shift) => Number((point >> shift) & 0xffff_ffffn))),
  ),
});

const holdsV4 = (bounds: Uint32Array, address: number): boolean => {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  return (low & 1) === 1;
};

/** Whether the bound is at the client's address or below it; most differ in an early word. */
const isReached = (bounds: Uint32Array, index: number, record: ConnectionRecord): boolean => {
  for (let word = 0; word < 4; word++) {
    const bound = bounds[index * 4 + word] ?? 0;
    const address = remoteWord(record, word);
    if (bound !== address) return bound < address;
  }
  return true;
};

const holdsV6 = (bounds: Uint32Array, record: ConnectionRecord): boolean => {
  let low = 0;
  let high = bounds.length / 4;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(bounds, middle, record)) low = middle + 1;
    else high = middle;
  }
  return (low & 1) === 1;
};

/** Whether an internet client's address is in the set. */
export const holdsClient = (set: AddressSet, record: ConnectionRecord): boolean =>
  familyOf(record) === 4 ? holdsV4(set.v4, remoteWord(record, 0)) : holdsV6(set.v6, record);
