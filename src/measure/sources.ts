// The addresses that clients come from, as the command line writes them.
import { isIPv4 } from 'node:net';
import type { Request } from './request.ts';
import type { Mistake } from './target.ts';

export type Sources = NonNullable<Request['sources']>;

const numberOf = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0);

const textOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

const firstUsable = numberOf('1.0.0.0'); // 0.0.0.0/8 means "this network" and never somebody (RFC 1122, 3.2.1.3)
const lastUsable = numberOf('223.255.255.255'); // from 224.0.0.0 on: groups, and what is reserved

const sourcesOf = (first: number, last: number, text: string): Sources | Mistake =>
  first >= firstUsable && last <= lastUsable
    ? { first, count: last - first + 1, text }
    : { mistake: `${text} has addresses that no client can have; they are 1.0.0.0 to 223.255.255.255` };

const parsePrefix = (address: string, length: number, text: string): Sources | Mistake => {
  const size = 2 ** (32 - length);
  const first = Math.floor(numberOf(address) / size) * size;
  if (first !== numberOf(address)) {
    return {
      mistake: `${address} is not the first address of a /${length}; write ${textOf(first)}/${length}`,
    };
  }
  // the first and the last are the network's own and its broadcast, unless it is too small for such (RFC 3021)
  const spared = length < 31 ? 1 : 0;
  return sourcesOf(first + spared, first + size - 1 - spared, text);
};

const parseRange = (from: string, to: string, text: string): Sources | Mistake =>
  numberOf(from) <= numberOf(to)
    ? sourcesOf(numberOf(from), numberOf(to), text)
    : { mistake: `${from} comes after ${to}; write ${to}-${from}` };

/** `127.0.0.5`, `127.0.0.0/8` without the network's and the broadcast address, `127.1.0.1-127.1.3.232`; IPv4 only. */
export const parseSources = (text: string): Sources | Mistake => {
  const match = /^([0-9.]+)(?:\/([0-9]{1,2})|-([0-9.]+))?$/.exec(text);
  const [, first = '', length, last] = match ?? [];
  if (!isIPv4(first) || (last !== undefined && !isIPv4(last)) || Number(length ?? 0) > 32) {
    return { mistake: `'${text}' is no IPv4 address, ADDRESS/LENGTH or FIRST-LAST` };
  }
  if (length !== undefined) return parsePrefix(first, Number(length), text);
  return parseRange(first, last ?? first, text);
};
