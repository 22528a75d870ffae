// instances, per_source, cps and max_load: how much of a service may be used at once and how fast.
import type { Limits, Rate } from '../../model/limits.ts';
import { seconds } from '../../model/quantity.ts';
import type { Mode } from '../../model/service.ts';
import type { Attributes } from './attributes.ts';
import type { Notes } from './notes.ts';
import { readLimit, readNumber, unlimited } from './values.ts';

export type WrittenLimits = {
  readonly instances: number | typeof unlimited | undefined;
  readonly perSource: number | typeof unlimited | undefined;
  readonly rate: Rate | typeof unlimited | undefined;
};

const rate = (count: number, pause: number): Rate | typeof unlimited =>
  count === 0 ? unlimited : { count, window: seconds(1), pause: seconds(pause) };

/** cps when nothing is written. */
const usualRate = rate(50, 10);
const longestPause = 0x7fffffff;

const readRate = (attributes: Attributes, notes: Notes): WrittenLimits['rate'] => {
  const [countWord, pauseWord] = attributes.values('cps') ?? [];
  const count = readNumber(countWord, 0, Number.MAX_SAFE_INTEGER, notes);
  const pause = readNumber(pauseWord, 0, longestPause, notes);
  return count === undefined || pause === undefined ? undefined : rate(count, pause);
};

export const readLimits = (attributes: Attributes, notes: Notes): WrittenLimits => ({
  instances: readLimit(attributes.one('instances'), notes),
  perSource: readLimit(attributes.one('per_source'), notes),
  rate: readRate(attributes, notes),
});

/** undefined: nothing was written, or what was written is no load, and that is said. */
export const readMaxLoad = (attributes: Attributes, notes: Notes): number | undefined => {
  const word = attributes.one('max_load');
  if (word === undefined) return undefined;
  const load = /^[0-9]*\.?[0-9]+$|^[0-9]+\.$/.test(word.text) ? Number(word.text) : 0;
  if (load > 0) return load;
  return notes.error(word, `'${word.text}' is no load above 0`, 'write a number as 2.5, or remove max_load');
};

const orNone = <Value>(value: Value | typeof unlimited | undefined): Value | undefined =>
  value === unlimited ? undefined : value;

/** A server that waits has the whole socket to itself, so there is one of it; 0 is nobody. */
export const completeLimits = (
  own: WrittenLimits,
  inherited: WrittenLimits,
  mode: Mode,
  startRetries: number,
): Limits => {
  const instances = orNone(own.instances ?? inherited.instances);
  const isWhole = mode === 'whole-socket';
  return {
    instances: isWhole ? Math.min(1, instances ?? 1) : instances,
    perSource: isWhole ? undefined : orNone(own.perSource ?? inherited.perSource),
    perSourceRate: undefined,
    sourcePrefix: { v4: 32, v6: 128 },
    rate: orNone(own.rate ?? inherited.rate ?? usualRate),
    onRate: isWhole ? 'wait' : 'close',
    startRetries,
    onLimit: isWhole ? 'hold' : 'refuse',
  };
};
