// Numbers with a unit, and how people write them in configuration files.

declare const unit: unique symbol;
type Quantity<Unit extends string> = number & { readonly [unit]: Unit };

/** Whole or fractional milliseconds. */
export type Milliseconds = Quantity<'milliseconds'>;
export type Bytes = Quantity<'bytes'>;

export const milliseconds = (value: number): Milliseconds => value as Milliseconds;
export const seconds = (value: number): Milliseconds => (value * 1000) as Milliseconds;
export const bytes = (value: number): Bytes => value as Bytes;

/** A whole decimal number without sign, at most 2^53-1. */
export const parseCount = (text: string): number | undefined => {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
};

const byteFactors: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
  ['t', 1024 ** 4],
]);

/** `65536`, `64k`, `64K`, `1m`, `2GiB`: powers of 1024. */
export const parseBytes = (text: string): Bytes | undefined => {
  const match = /^([0-9]+)([kmgt]?)(?:i?b)?$/i.exec(text);
  const factor = byteFactors.get((match?.[2] ?? '').toLowerCase());
  const count = parseCount(match?.[1] ?? '');
  if (factor === undefined || count === undefined) return undefined;
  const value = count * factor;
  return Number.isSafeInteger(value) ? bytes(value) : undefined;
};

const durationFactors: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['', 1000],
  ['s', 1000],
  ['sec', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** `10` (seconds), `250ms`, `1.5s`, `10min`, `2h`, `1d`; several may follow each other: `1h30min`. */
export const parseDuration = (text: string): Milliseconds | undefined => {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?[a-z]*)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, word] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)([a-z]*)/g)) {
    const factor = durationFactors.get(word ?? '');
    if (factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return milliseconds(total);
};

/** `1500` -> `1.5s`, for messages. */
export const showDuration = (value: Milliseconds): string => {
  if (value < 1000) return `${Math.round(value)}ms`;
  if (value < 120_000) return `${Number((value / 1000).toFixed(1))}s`;
  if (value < 7_200_000) return `${Number((value / 60_000).toFixed(1))}min`;
  return `${Number((value / 3_600_000).toFixed(1))}h`;
};
