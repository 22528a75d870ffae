// The metrics of a running server: what they are made from, loaded only where somebody wants them.
import type { Clock } from '../model/clock.ts';
import type { Metrics, MetricsParts } from '../operate/metrics/metrics.ts';
import type { Tally } from '../operate/tally.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { ServerLog } from './server-log.ts';
import { readVersion } from './version.ts';

export type ServerMetricsParts = {
  readonly supervisor: Pick<Supervisor, 'kernel' | 'steering' | 'snapshot'>;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly log: Pick<ServerLog, 'say'>;
  readonly isStopping: () => boolean;
} & Pick<MetricsParts, 'before' | 'lostBefore'>;

/** Counts from now on; a server without metrics loads nothing of it. */
export const openServerMetrics = async (parts: ServerMetricsParts): Promise<Metrics> => {
  const { supervisor, tally, clock, log, isStopping, before, lostBefore } = parts;
  const { createMetrics } = await import('../operate/metrics/metrics.ts');
  return createMetrics({
    tally,
    clock,
    kernel: supervisor.kernel,
    version: readVersion(),
    services: supervisor.steering.describeAll,
    isReady: () => !isStopping() && supervisor.snapshot().every(({ failed }) => failed.length === 0),
    isDraining: isStopping,
    before,
    lostBefore,
    complain: (what) => log.say('warn', { event: 'metrics' }, what),
  });
};
