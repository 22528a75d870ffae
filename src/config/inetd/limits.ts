// What was written about limits, completed by what the dialect and the command line say.
import type { Limits, Rate } from '../../model/limits.ts';
import type { Mode } from '../../model/service.ts';
import type { LoadOptions } from '../options.ts';
import { type Meaning, rateWindow } from './dialect.ts';

/** Absent: nothing was written. 0: no limit. */
export type WrittenLimits = {
  readonly instances?: number | 'nobody';
  readonly perSource?: number | 'nobody';
  /** Per minute. */
  readonly perSourceRate?: number | NonNullable<Limits['perSourceRate']>;
  readonly sourcePrefix?: Limits['sourcePrefix'];
  /** `wait.N`: counted in the dialect's window, with its pause. */
  readonly startsPerMinute?: number;
  /** A rate with its own window and pause. */
  readonly rate?: Rate | 'none';
  readonly onRate?: Limits['onRate'];
  readonly startRetries?: number;
  readonly onLimit?: Limits['onLimit'];
};

export const defaultInstances = 256;
export const defaultSourcePrefix = { v4: 32, v6: 64 } as const;

const orNoLimit = (value: number | 'nobody' | undefined): number | undefined =>
  value === 'nobody' ? 0 : value === 0 ? undefined : value;

const rateOf = (
  written: WrittenLimits,
  meaning: Meaning,
  options: LoadOptions,
  hasDefaultRate: boolean,
): Rate | undefined => {
  if (written.rate !== undefined) return written.rate === 'none' ? undefined : written.rate;
  const standard = orNoLimit(options.defaultRate ?? meaning.defaultRate);
  const own = orNoLimit(written.startsPerMinute);
  const lowered = own !== undefined && standard !== undefined ? Math.min(own, standard) : (own ?? standard);
  const fallback = hasDefaultRate ? standard : undefined;
  const count = written.startsPerMinute === undefined ? fallback : meaning.onlyLowersRate ? lowered : own;
  return count === undefined ? undefined : { count, window: rateWindow, pause: meaning.pause };
};

/**
 * `hasDefaultRate` is false for built-ins that no inetd forks a process for: none of them limits those unless
 * told. A whole socket goes to one instance at a time unless FreeBSD's form says more.
 */
export const completeLimits = (
  written: WrittenLimits,
  mode: Mode,
  meaning: Meaning,
  options: LoadOptions,
  hasDefaultRate: boolean,
): Limits => {
  const standard = mode === 'whole-socket' ? 1 : (options.defaultInstances ?? defaultInstances);
  const perSourceRate = written.perSourceRate ?? options.defaultPerSourceRate;
  return {
    instances: orNoLimit(written.instances ?? standard),
    perSource: orNoLimit(written.perSource ?? options.defaultPerSource),
    perSourceRate:
      typeof perSourceRate !== 'number'
        ? perSourceRate
        : perSourceRate === 0
          ? undefined
          : { count: perSourceRate, window: rateWindow },
    sourcePrefix: written.sourcePrefix ?? defaultSourcePrefix,
    rate: rateOf(written, meaning, options, hasDefaultRate),
    onRate: written.onRate ?? 'wait',
    startRetries: written.startRetries ?? 0,
    onLimit: written.onLimit ?? 'hold',
  };
};
