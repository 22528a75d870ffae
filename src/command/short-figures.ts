// Figures that must fit into a column: counts, sizes, times and rates in few characters.
import { escapeControls } from '../model/diagnostic.ts';

const unknown = '-';

/** At most so many digits stand before the point; three digits that count. */
const threeDigits = (value: number): string => {
  if (value >= 99.95) return String(Math.round(value));
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
};

const steps = ['k', 'M', 'G', 'T', 'P'] as const;

const scaled = (value: number, factor: number): string => {
  let rest = value / factor;
  let step = 0;
  while (rest >= 999.5 && step < steps.length - 1) {
    rest /= factor;
    step += 1;
  }
  return `${threeDigits(rest)}${steps[step]}`;
};

/** As it is up to 6 digits, then `1.23M`. */
export const showCount = (count: number): string => (count < 1_000_000 ? String(count) : scaled(count, 1000));

/** `512B`, `4.50M`: powers of 1024. */
export const showSize = (size: number | null): string => {
  if (size === null) return unknown;
  return size < 1000 ? `${Math.round(size)}B` : scaled(size, 1024);
};

/** Seconds: `210us`, `2.10ms`, `13.0s`, `5m12s`, `3h07m`, `12d04h`. */
export const showTime = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined) return unknown;
  if (seconds === 0) return '0';
  if (seconds < 0.000_999_5) return `${Math.round(seconds * 1e6)}us`;
  if (seconds < 0.9995) return `${threeDigits(seconds * 1000)}ms`;
  if (seconds < 99.95) return `${threeDigits(seconds)}s`;
  return showAge(seconds);
};

const pad = (value: number): string => String(value).padStart(2, '0');

/** How long something lasts, to the second, the minute or the hour. */
export const showAge = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${pad(Math.floor((whole % 86_400) / 3600))}h`;
};

/** A second: `0`, `0.4`, `12.3`, `1234`. */
export const showRate = (rate: number | undefined): string => {
  if (rate === undefined) return unknown;
  if (rate === 0) return '0';
  if (rate < 99.95) return rate.toFixed(1);
  return rate < 99_999.5 ? String(Math.round(rate)) : scaled(rate, 1000);
};

/** `3/64`, or `3` where nothing limits. */
export const showLive = (live: number, limit: number | null): string =>
  limit === null ? String(live) : `${live}/${limit}`;

/** An ISO 8601 moment as the administrator's clock had it; with its day where that is not today. */
export const showMoment = (moment: string, now: Date): string => {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return escapeControls(moment);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return at.toDateString() === now.toDateString() ? time : `${day} ${time}`;
};
