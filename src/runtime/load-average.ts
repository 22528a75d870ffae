// How busy the machine is.
import { loadavg } from 'node:os';
import type { Clock } from '../model/clock.ts';

const period = 1_000;

/** The load average of one minute; the kernel is asked when somebody asks here, and at most once a second. */
export const createLoadAverage = (
  clock: Clock,
  read: () => number = () => loadavg()[0] ?? 0,
): (() => number) => {
  let known: { readonly at: number; readonly value: number } | undefined;
  return () => {
    const now = clock.now();
    if (known === undefined || now - known.at >= period) known = { at: now, value: read() };
    return known.value;
  };
};
