// How the kernel schedules a service's processes, its disk accesses, and whom it kills when memory is short.

import { parseCount } from '../../model/quantity.ts';
import type { Scheduling } from '../../model/service.ts';
import type { Unit, Values } from './unit.ts';
import { readChoice, readNumberIn, readSwitch, readWordTokens } from './values.ts';

const policies = ['other', 'batch', 'idle', 'fifo', 'rr'] as const;
const ioClasses = ['none', 'realtime', 'best-effort', 'idle'] as const;

/** The classes have numbers too. */
const readIoClass = (values: Values, unit: Unit): Scheduling['ioClass'] => {
  const value = values.one('IOSchedulingClass');
  return ioClasses[Number(value?.text)] ?? readChoice(value, ioClasses, unit);
};

/** More processors than Linux can have. */
const mostProcessors = 8192;

const readRange = (text: string): { readonly first: number; readonly last: number } | undefined => {
  const [low = '', high = low, ...rest] = text.split('-');
  const [first, last] = [parseCount(low), parseCount(high)];
  if (first === undefined || last === undefined || rest.length > 0) return undefined;
  return first <= last && last < mostProcessors ? { first, last } : undefined;
};

/** Numbers and ranges, between blanks or commas. */
const readAffinity = (values: Values, unit: Unit): readonly number[] | undefined => {
  const found = new Set<number>();
  for (const word of readWordTokens(values.all('CPUAffinity'), unit)) {
    for (const part of word.text.split(',').filter((text) => text !== '')) {
      const range = readRange(part);
      if (range === undefined) {
        unit.report.error(word, `'${part}' is no processor`, 'write numbers and ranges, as 0 2-3');
        continue;
      }
      for (let processor = range.first; processor <= range.last; processor += 1) found.add(processor);
    }
  }
  return found.size === 0 ? undefined : [...found].sort((left, right) => left - right);
};

/** undefined: nothing is set. */
export const readScheduling = (values: Values, unit: Unit): Scheduling | undefined => {
  const scheduling: Scheduling = {
    policy: readChoice(values.one('CPUSchedulingPolicy'), policies, unit),
    priority: readNumberIn(values.one('CPUSchedulingPriority'), 0, 99, unit),
    resetsOnFork: readSwitch(values.one('CPUSchedulingResetOnFork'), unit) ?? false,
    affinity: readAffinity(values, unit),
    ioClass: readIoClass(values, unit),
    ioPriority: readNumberIn(values.one('IOSchedulingPriority'), 0, 7, unit),
    oomScoreAdjust: readNumberIn(values.one('OOMScoreAdjust'), -1000, 1000, unit),
  };
  const { policy = 'other', priority = 0 } = scheduling;
  const isRealtime = policy === 'fifo' || policy === 'rr';
  const value = values.one('CPUSchedulingPriority');
  if (value !== undefined && priority > 0 && !isRealtime) {
    unit.report.error(
      value,
      `the policy '${policy}' has no priorities`,
      'write CPUSchedulingPolicy=fifo or rr',
    );
  } else if (value !== undefined && priority === 0 && isRealtime) {
    unit.report.error(value, `the policy '${policy}' has priorities from 1 on`, 'write 1 to 99');
  }
  const { resetsOnFork, ...others } = scheduling;
  return resetsOnFork || Object.values(others).some((part) => part !== undefined) ? scheduling : undefined;
};
