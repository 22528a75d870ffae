// Times, sizes and truth as systemd.time(7) and systemd.syntax(7) write them.
import { type Bytes, bytes, type Milliseconds, milliseconds } from '../../model/quantity.ts';

const day = 86_400_000;

/** Each with all of its names; a number alone is in seconds. */
const units: readonly (readonly [factor: number, names: string])[] = [
  [1000, 'seconds second sec s'],
  [60_000, 'minutes minute min m'],
  [30.4375 * day, 'months month M'],
  [1, 'msec ms'],
  [3_600_000, 'hours hour hr h'],
  [day, 'days day d'],
  [7 * day, 'weeks week w'],
  [365.25 * day, 'years year y'],
  [0.001, 'usec us \u00b5s \u03bcs'],
];

const factors: ReadonlyMap<string, number> = new Map(
  units.flatMap(([factor, names]) => names.split(' ').map((name): [string, number] => [name, factor])),
);

/** `90`, `1min 30s`, `5min20s`, `1.5h`, `infinity`. */
export const parseSpan = (text: string): Milliseconds | 'infinity' | undefined => {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return 'infinity';
  if (!/^(?:[0-9]*\.?[0-9]+\s*[A-Za-z\u00b5\u03bc]*\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, number, unit = ''] of trimmed.matchAll(/([0-9]*\.?[0-9]+)\s*([A-Za-z\u00b5\u03bc]*)/g)) {
    const factor = unit === '' ? 1000 : factors.get(unit);
    if (factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return Number.isSafeInteger(Math.round(total)) ? milliseconds(total) : undefined;
};

const powers: ReadonlyMap<string, number> = new Map(
  ['B', 'K', 'M', 'G', 'T', 'P', 'E'].map((unit, power): [string, number] => [unit, power]),
);

/** `65536`, `64K`, `1.5G`, `1G 512M`; `base` is 1024 of sizes, 1000 of bandwidths. */
export const parseSize = (text: string, base: 1000 | 1024 = 1024): Bytes | undefined => {
  if (!/^(?:[0-9]+(?:\.[0-9]*)?\s*[BKMGTPE]?\s*)+$/.test(text)) return undefined;
  let total = 0;
  let last = Number.POSITIVE_INFINITY;
  for (const [, number, unit = ''] of text.matchAll(/([0-9]+(?:\.[0-9]*)?)\s*([BKMGTPE]?)/g)) {
    const power = powers.get(unit === '' ? 'B' : unit) ?? 0;
    // each part is of a smaller unit than the one before
    if (power >= last) return undefined;
    last = power;
    total += Number(number) * base ** power;
  }
  return Number.isSafeInteger(Math.floor(total)) ? bytes(Math.floor(total)) : undefined;
};

export const parseSwitch = (text: string): boolean | undefined => {
  const word = text.toLowerCase();
  if (/^(?:1|yes|y|true|t|on)$/.test(word)) return true;
  return /^(?:0|no|n|false|f|off)$/.test(word) ? false : undefined;
};

/** Decimal, or `0x`, `0b` and `0o` (and a leading zero) as C and systemd have them. */
export const parseInteger = (text: string): number | undefined => {
  const [, sign = '', digits = ''] =
    /^([-+]?)(0x[0-9a-f]+|0b[01]+|0o[0-7]+|0[0-7]*|[1-9][0-9]*)$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  if (!Number.isSafeInteger(value)) return undefined;
  return sign === '-' && value !== 0 ? -value : value;
};
