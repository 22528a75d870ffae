// How near a service is to its limits, in words, for one more client; nothing is counted and no token is taken.
import type { Admission } from '../model/control.ts';
import type { RefusalReason } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import { type Milliseconds, showDuration } from '../model/quantity.ts';
import { reachedLimit, roomFor } from './admit.ts';
import { passes, refuses, type Step } from './explain-access.ts';
import { type Source, startsLeft, type Usage } from './limits.ts';
import type { SourceRates } from './source-rates.ts';

export type LimitsFound = {
  readonly verdict: Extract<Admission['verdict'], 'admit' | 'refuse' | 'hold'>;
  readonly reason: RefusalReason | undefined;
  readonly steps: readonly Step[];
};

/** The bucket of a rate is refilled by looking at it. */
const copyOf = (usage: Usage): Usage => ({ ...usage, bucket: usage.bucket && { ...usage.bucket } });

const waits = 'clients wait in the queue of the kernel';

const showRate = ({ count, window }: { readonly count: number; readonly window: Milliseconds }): string =>
  `${count} in ${showDuration(window)}`;

/** `hasQueue`: clients can be left in the kernel's queue; those of a member of tcpmux cannot. */
export const explainLimits = (
  request: { readonly service: string; readonly limits: Limits; readonly source: Source },
  live: Usage,
  sourceRates: Pick<SourceRates, 'wouldAdmit'>,
  now: Milliseconds,
  hasQueue: boolean,
): LimitsFound => {
  const { service, limits, source } = request;
  const usage = copyOf(live);
  const room = hasQueue ? roomFor(usage, limits, now) : undefined;
  const steps: Step[] = [];
  const end = (
    reason: RefusalReason,
    test: string,
    why: string,
    verdict: 'refuse' | 'hold' = 'refuse',
  ): LimitsFound => ({
    verdict,
    reason,
    steps: [...steps, refuses(test, verdict === 'hold' ? `${why}: ${waits}` : why)],
  });
  const reached = reachedLimit(limits, source, usage, now);
  const isHeld = room?.kind === 'hold';
  if (limits.instances !== undefined) {
    const test = `instances ${limits.instances}`;
    const why = `there are ${usage.live}`;
    if (isHeld) return end('instances', test, why, 'hold');
    if (reached === 'instances' && room?.kind !== 'suspend') return end('instances', test, why);
    steps.push(passes(test, why));
  }
  if (room?.kind === 'suspend' && limits.rate !== undefined)
    return end('rate', `rate ${showRate(limits.rate)}`, 'it is used up', 'hold');
  if (limits.perSource !== undefined) {
    const test = `per-source ${limits.perSource}`;
    const why = `its source has ${usage.perSource.get(source) ?? 0}`;
    if (reached === 'per-source') return end('per-source', test, why);
    steps.push(passes(test, why));
  }
  if (limits.rate !== undefined) {
    const test = `rate ${showRate(limits.rate)}`;
    const why = `there are ${startsLeft(usage, limits.rate, now)} starts left`;
    if (reached === 'rate') return end('rate', test, why);
    steps.push(passes(test, why));
  }
  if (limits.perSourceRate !== undefined) {
    const test = `per-source-rate ${showRate(limits.perSourceRate)}`;
    if (!sourceRates.wouldAdmit(service, source, limits.perSourceRate, now))
      return end('per-source', test, 'its source has started as many');
    steps.push(passes(test, 'its source has started fewer'));
  }
  return { verdict: 'admit', reason: undefined, steps };
};
