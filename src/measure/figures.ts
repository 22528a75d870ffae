// How figures are written for people: lengths of time in one unit a table, counts with commas.
import type { Microseconds } from './result.ts';

/** One unit for figures that stand together. */
export type TimeUnit = {
  readonly name: string;
  readonly show: (time: Microseconds) => string;
};

const decimalsFor = (least: number): number => (least >= 100 ? 0 : least >= 10 ? 1 : least >= 1 ? 2 : 3);

const grouped = (value: number, decimals: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

const unitFor = (longest: Microseconds): { readonly name: string; readonly length: Microseconds } =>
  longest < 100_000
    ? { name: 'µs', length: 1 }
    : longest < 100_000_000
      ? { name: 'ms', length: 1000 }
      : { name: 's', length: 1_000_000 };

/** The unit in which the longest of these is no endless number, with enough decimals for the shortest. */
export const timeUnit = (times: readonly Microseconds[], isUnicode: boolean): TimeUnit => {
  const { name, length } = unitFor(Math.max(0, ...times));
  const positive = times.filter((time) => time > 0);
  const decimals = positive.length === 0 ? 0 : decimalsFor(Math.min(...positive) / length);
  return {
    name: name === 'µs' && !isUnicode ? 'us' : name,
    show: (time) => grouped(time / length, decimals),
  };
};

/** One length of time with its unit and three digits: `210 µs`, `1.25 ms`. */
export const showTime = (time: Microseconds, isUnicode: boolean): string => {
  const [name, length] = time < 1000 ? ['µs', 1] : time < 1_000_000 ? ['ms', 1000] : ['s', 1_000_000];
  const value = time / length;
  const shown = grouped(value, value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2);
  return `${shown} ${name === 'µs' && !isUnicode ? 'us' : name}`;
};

export const showCount = (count: number): string => grouped(count, 0);

/** Connections per second: three digits at least. */
export const showRate = (rate: number): string => grouped(rate, rate > 0 && rate < 100 ? 1 : 0);

/** `1 client`, `32 clients`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${showCount(count)} ${count === 1 ? one : many}`;
