// What is exported of the server as a whole.
import { release } from 'node:os';
import type { Reloads } from '../tally.ts';
import type { LoopLag } from './loop-lag.ts';
import { type Metric, single } from './metric.ts';
import type { Traffic } from './traffic.ts';

export type ServerSource = {
  readonly version: string;
  readonly services: number;
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly reloads: Reloads;
  readonly lag: ReturnType<LoopLag['read']>;
  readonly traffic: ReturnType<Traffic['read']>;
};

const flag = (isSo: boolean): number => (isSo ? 1 : 0);

const lagName = 'acceptd_event_loop_lag_seconds';

export const serverMetrics: readonly Metric<ServerSource>[] = [
  {
    name: 'acceptd_build_info',
    help: 'What runs; always 1.',
    type: 'gauge',
    labelNames: ['version', 'node', 'kernel'],
    samples: ({ version }) => [
      { labels: { version, node: process.versions.node, kernel: release() }, value: 1 },
    ],
  },
  single('gauge', 'acceptd_up', 'Whether acceptd runs; always 1.', () => 1),
  single('gauge', 'acceptd_ready', 'Whether clients may come to every listener.', ({ isReady }) =>
    flag(isReady),
  ),
  single('gauge', 'acceptd_draining', 'Whether acceptd is ending.', ({ isDraining }) => flag(isDraining)),
  single('gauge', 'acceptd_services', 'Services that are configured.', ({ services }) => services),
  {
    name: 'acceptd_config_reloads_total',
    help: 'New configurations after that of the start, by what became of them.',
    type: 'counter',
    labelNames: ['result'],
    samples: ({ reloads: { applied, refused } }) => [
      { labels: { result: 'applied' }, value: applied },
      { labels: { result: 'refused' }, value: refused },
    ],
  },
  single(
    'gauge',
    'acceptd_config_last_reload_success',
    'Whether the last configuration was applied.',
    ({ reloads: { last } }) => flag(last?.isApplied ?? false),
  ),
  single(
    'gauge',
    'acceptd_config_last_reload_timestamp_seconds',
    'When that was.',
    ({ reloads: { last } }) => (last?.at.getTime() ?? 0) / 1_000,
  ),
  {
    name: lagName,
    help: 'How late the event loop was, lately.',
    type: 'summary',
    labelNames: [],
    samples: ({ lag: { quantiles, sum, count } }) => [
      ...quantiles.map(([quantile, value]) => ({ labels: { quantile }, value })),
      { labels: {}, value: sum, metricName: `${lagName}_sum` },
      { labels: {}, value: count, metricName: `${lagName}_count` },
    ],
  },
  single(
    'gauge',
    'acceptd_byte_counts_up',
    'Whether the kernel tells how many bytes TCP connections have carried.',
    ({ traffic }) => flag(traffic.isCounting),
  ),
  single(
    'counter',
    'acceptd_byte_counts_lost_total',
    'How often the bytes of some connections are missing, because too many ended at once.',
    ({ traffic }) => traffic.lost,
  ),
];
