// Figures as people read them: three digits, and the unit that needs no long row of zeros.
import type { Microseconds } from '../result.ts';

export type TimeUnit = { readonly name: 'µs' | 'ms' | 's'; readonly factor: number };

const microsecond: TimeUnit = { name: 'µs', factor: 1 };
const millisecond: TimeUnit = { name: 'ms', factor: 1000 };
const second: TimeUnit = { name: 's', factor: 1_000_000 };

/** The unit in which `most` is at least 1. */
export const timeUnitOf = (most: Microseconds): TimeUnit => {
  if (most >= second.factor) return second;
  return most >= millisecond.factor ? millisecond : microsecond;
};

const grouped = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Three digits that count; more only before the point. */
export const showAmount = (value: number): string => {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return '-';
  if (size === 0) return '0';
  if (size >= 99.95) return grouped(value, 0);
  if (size >= 9.995) return grouped(value, 1);
  if (size >= 0.995) return grouped(value, 2);
  return String(Number(value.toPrecision(2)));
};

/** A number that somebody chose: as he wrote it. */
export const showRound = (value: number): string => Number(value.toPrecision(6)).toLocaleString('en-US');

/** 842 µs, 1.24 ms, 12.4 s. */
export const showTime = (value: Microseconds): string => {
  if (!Number.isFinite(value)) return '-';
  const unit = timeUnitOf(
    value >= 999_500 && value < 1e6 ? 1e6 : value >= 999.5 && value < 1000 ? 1000 : value,
  );
  return `${showAmount(value / unit.factor)} ${unit.name}`;
};

/** On an axis: no more digits than the round number has. */
export const showTickTime = (value: Microseconds): string => {
  const unit = timeUnitOf(value);
  return `${Number((value / unit.factor).toPrecision(6))} ${unit.name}`;
};

export const showRate = (value: number): string => `${showAmount(value)}/s`;

/** Two digits after the point; the cross says that it is a factor. */
export const showRatio = (value: number, reference: number): string => {
  const ratio = value / reference;
  if (!Number.isFinite(ratio)) return '-';
  return ratio >= 99.95 ? `×${grouped(ratio, 0)}` : `×${ratio.toFixed(2)}`;
};
