// Sets of addresses that answer at once, however many networks they are made of.
import { isMapped, type Network, parseAddress } from '../model/network.ts';
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
const mappedPrefix = 96;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const toNumber = (bytes: Uint8Array): number => viewOf(bytes).getUint32(0);
const toBigint = (bytes: Uint8Array): bigint =>
  (viewOf(bytes).getBigUint64(0) << 64n) | viewOf(bytes).getBigUint64(8);

/** What touches or overlaps becomes one. */
const merge = <Point extends number | bigint>(spans: Span<Point>[], space: Point): Bounds<Point> => {
  // by index: taking them apart as lists costs more than the comparison
  spans.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
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
  for (const { address, prefix } of networks) {
    const bytes = parseAddress(address);
    if (bytes === undefined) throw new Error(`no numeric address: ${address}`);
    const isMappedNetwork = prefix >= mappedPrefix && isMapped(bytes);
    if (bytes.length === 4 || isMappedNetwork) {
      const size = 2 ** (32 - prefix + (isMappedNetwork ? mappedPrefix : 0));
      const written = toNumber(isMappedNetwork ? bytes.subarray(12) : bytes);
      const first = written - (written % size);
      v4.push([first, first + size]);
      continue;
    }
    const hostBits = BigInt(128 - prefix);
    const first = (toBigint(bytes) >> hostBits) << hostBits;
    const end = first + (1n << hostBits);
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

export const addressSetOf = ({ v4, v6 }: AddressBounds): AddressSet => {
  const words = new DataView(new ArrayBuffer(v6.length * 16));
  v6.forEach((point, index) => {
    words.setBigUint64(index * 16, point >> 64n);
    words.setBigUint64(index * 16 + 8, BigInt.asUintN(64, point));
  });
  return {
    v4: Uint32Array.from(v4),
    v6: Uint32Array.from({ length: v6.length * 4 }, (_, index) => words.getUint32(index * 4)),
  };
};

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
