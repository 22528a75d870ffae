// What is exported of each service. All series of a service that is configured are there from its start, at 0.
import { type ServiceSummary, serviceConditions } from '../../model/control.ts';
import { refusalReasons } from '../../model/event.ts';
import type { Outcome, ServiceTally } from '../counts.ts';
import type { Durations } from '../durations.ts';
import type { Metric, Sample } from './metric.ts';

/** How it stands now, as the engine says. */
export type ServiceFacts = Pick<
  ServiceSummary,
  'service' | 'endpoints' | 'condition' | 'live' | 'limit' | 'waiting'
>;

export type ServiceSource = { readonly facts: ServiceFacts; readonly tally: ServiceTally };

type ServiceMetric = Metric<ServiceSource>;

const outcomes = ['ok', 'exit', 'signal', 'timeout', 'error'] as const satisfies readonly Outcome[];

// bounds of the tally's buckets all of them: what is counted below is what was counted
const spawnBounds = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const handlerBounds = [
  1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 3600,
];

const simple = (
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (source: ServiceSource) => number,
): ServiceMetric => ({
  name,
  help,
  type,
  labelNames: ['service'],
  samples: (source) => [{ labels: { service: source.facts.service }, value: value(source) }],
});

/** One with a label more, whose values are given with its numbers. */
const labelled = (
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  values: (source: ServiceSource) => Iterable<readonly [string, number]>,
): ServiceMetric => ({
  name,
  help,
  type,
  labelNames: ['service', label],
  samples: (source) =>
    Array.from(values(source), ([key, value]) => ({
      labels: { service: source.facts.service, [label]: key },
      value,
    })),
});

const histogram = (
  name: string,
  help: string,
  bounds: readonly number[],
  durations: (tally: ServiceTally) => Durations,
): ServiceMetric => ({
  name,
  help,
  type: 'histogram',
  labelNames: ['service'],
  samples: ({ facts: { service }, tally }) => {
    const { count, sum, atMost } = durations(tally);
    const bucket = (le: number | string, value: number): Sample => ({
      labels: { service, le },
      value,
      metricName: `${name}_bucket`,
    });
    return [
      ...bounds.map((bound) => bucket(bound, atMost(bound))),
      bucket('+Inf', count()),
      { labels: { service }, value: sum(), metricName: `${name}_sum` },
      { labels: { service }, value: count(), metricName: `${name}_count` },
    ];
  },
});

const endpoints = (
  name: string,
  help: string,
  value: (endpoint: ServiceFacts['endpoints'][number]) => number | null,
): ServiceMetric => ({
  name,
  help,
  type: 'gauge',
  labelNames: ['service', 'proto', 'address'],
  samples: ({ facts: { service, endpoints: own } }) =>
    own.flatMap((endpoint) => {
      const found = value(endpoint);
      const labels = { service, proto: endpoint.protocol, address: endpoint.address };
      return found === null ? [] : [{ labels, value: found }];
    }),
});

const isDisabled = ({ condition }: ServiceFacts): boolean =>
  condition === 'suspended' || condition === 'paused' || condition === 'closed';

export const serviceMetrics: readonly ServiceMetric[] = [
  endpoints('acceptd_listener_up', 'Whether the socket of an address is open.', ({ state }) =>
    state === 'closed' ? 0 : 1,
  ),
  endpoints(
    'acceptd_listener_backlog',
    'Clients that wait in the queue of an address to be accepted.',
    ({ waiting }) => waiting,
  ),
  simple(
    'counter',
    'acceptd_connections_accepted_total',
    'Connections, or datagrams that each get an answer, that were taken from the queue.',
    ({ tally }) => tally.accepted,
  ),
  simple(
    'counter',
    'acceptd_connections_served_total',
    'Those that were answered or are being answered; of a server that gets the whole socket, its starts.',
    ({ tally }) => tally.served,
  ),
  simple(
    'counter',
    'acceptd_connections_failed_total',
    'Those whose handler or relay could not be started.',
    ({ tally }) => tally.failed,
  ),
  labelled(
    'counter',
    'acceptd_connections_rejected_total',
    'Clients that were turned away, by the reason.',
    'reason',
    ({ tally }) => refusalReasons.map((reason) => [reason, tally.refusedBy.get(reason) ?? 0]),
  ),
  simple(
    'gauge',
    'acceptd_connections_waiting',
    'Clients between accept and answer: something is being found out about them.',
    ({ facts }) => facts.waiting,
  ),
  simple(
    'gauge',
    'acceptd_active_instances',
    'Processes, built-ins and relays that answer now.',
    ({ facts }) => facts.live,
  ),
  simple(
    'gauge',
    'acceptd_instances_limit',
    'How many there may be; +Inf without a limit.',
    ({ facts }) => facts.limit ?? Number.POSITIVE_INFINITY,
  ),
  labelled(
    'gauge',
    'acceptd_service_condition',
    'What holds a service: 1 for the one that is so.',
    'condition',
    ({ facts }) => serviceConditions.map((condition) => [condition, condition === facts.condition ? 1 : 0]),
  ),
  simple(
    'gauge',
    'acceptd_service_disabled',
    'Whether a service takes no clients now: suspended, paused or closed.',
    ({ facts }) => (isDisabled(facts) ? 1 : 0),
  ),
  simple(
    'counter',
    'acceptd_service_suspensions_total',
    'How often a service was suspended.',
    ({ tally }) => tally.suspensions,
  ),
  simple(
    'counter',
    'acceptd_wait_service_restarts_total',
    'How often the next start of a server that ends too soon was put off.',
    ({ tally }) => tally.respawns,
  ),
  histogram(
    'acceptd_spawn_duration_seconds',
    'From accept to the execution of the handler.',
    spawnBounds,
    ({ startTimes }) => startTimes,
  ),
  labelled(
    'counter',
    'acceptd_spawn_failures_total',
    'Handlers and relays that could not be started, by the error; a series appears with its first.',
    'errno',
    ({ tally }) => tally.startFailures,
  ),
  histogram(
    'acceptd_handler_duration_seconds',
    'How long handlers, built-ins and relays took.',
    handlerBounds,
    ({ handlerTimes }) => handlerTimes,
  ),
  labelled(
    'counter',
    'acceptd_handler_exits_total',
    'How they ended: ok, exit (a status that is not 0), signal, timeout, error.',
    'outcome',
    ({ tally }) => outcomes.map((outcome) => [outcome, tally.exits.get(outcome) ?? 0]),
  ),
  simple(
    'counter',
    'acceptd_handler_cpu_seconds_total',
    'User and system time of handlers that have ended.',
    ({ tally }) => tally.cpuSeconds,
  ),
  simple(
    'gauge',
    'acceptd_handler_max_rss_bytes',
    'The largest resident memory that a handler has had.',
    ({ tally }) => tally.largestMemory,
  ),
  labelled(
    'counter',
    'acceptd_bytes_total',
    'Bytes from clients (in) and to them (out), counted when a TCP connection or a relay is over.',
    'direction',
    ({ tally: { traffic, relayed } }) => [
      ['in', traffic.in + relayed.in],
      ['out', traffic.out + relayed.out],
    ],
  ),
  simple(
    'counter',
    'acceptd_datagrams_lost_total',
    'Datagrams that the kernel dropped because the queue was full.',
    ({ tally }) => tally.datagramsLost,
  ),
];
