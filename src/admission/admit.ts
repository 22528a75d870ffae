// May this client have this service now? Functions of the counters and a clock value.
import type { RefusalReason } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import type { Milliseconds } from '../model/quantity.ts';
import { instancesLeft, type Source, startsLeft, takeStart, type Usage } from './limits.ts';
import type { SourceRates } from './source-rates.ts';

export type Verdict =
  | { readonly kind: 'admit' }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason };

const admit: Verdict = { kind: 'admit' };

/**
 * How many clients may be taken from the kernel's queue now. None at `instances` (the service is held until one ends)
 * or at `rate` (it is suspended); where the service refuses at its limits, clients are taken and told so one by one.
 */
export type Room =
  | { readonly kind: 'room'; readonly clients: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'suspend' };

export const roomFor = (usage: Usage, limits: Limits, now: Milliseconds): Room => {
  const starts = startsLeft(usage, limits.rate, now);
  const isRefused = limits.onLimit === 'refuse';
  const instances = isRefused ? Number.POSITIVE_INFINITY : instancesLeft(usage, limits);
  if (instances === 0) return { kind: 'hold' };
  // the one that is too many is told so, and nobody after it: by then nobody listens
  if (limits.onRate === 'close') return { kind: 'room', clients: Math.min(instances, starts + 1) };
  if (isRefused && limits.onRate === 'wait') return { kind: 'room', clients: instances };
  return starts === 0 ? { kind: 'suspend' } : { kind: 'room', clients: Math.min(instances, starts) };
};

/** The first limit that a source has reached, but for its own rate; undefined: none. Nothing is counted. */
export const reachedLimit = (
  limits: Limits,
  source: Source,
  usage: Usage,
  now: Milliseconds,
): 'instances' | 'per-source' | 'rate' | undefined => {
  if (instancesLeft(usage, limits) === 0) return 'instances';
  if (limits.perSource !== undefined && (usage.perSource.get(source) ?? 0) >= limits.perSource)
    return 'per-source';
  return startsLeft(usage, limits.rate, now) === 0 ? 'rate' : undefined;
};

/** The verdict on one client; an admitted one has used a start of the service's rate and of its source's. */
export const admitClient = (
  request: { readonly service: string; readonly limits: Limits; readonly source: Source },
  usage: Usage,
  sourceRates: SourceRates,
  now: Milliseconds,
): Verdict => {
  const { service, limits, source } = request;
  const reason = reachedLimit(limits, source, usage, now);
  if (reason !== undefined) return { kind: 'refuse', reason };
  if (limits.perSourceRate !== undefined && !sourceRates.admit(service, source, limits.perSourceRate, now)) {
    return { kind: 'refuse', reason: 'per-source' };
  }
  takeStart(usage, limits.rate, now);
  return admit;
};
