// Metrics as text: what a scraper prefers, what is in it for whom, and what a scrape does to others.
import t, { type Test } from 'tap';
import { refusalReasons } from '../../../src/model/event.ts';
import { formatFor } from '../../../src/operate/metrics/accept.ts';
import { createMetrics, metricList } from '../../../src/operate/metrics/metrics.ts';
import type { ServiceFacts } from '../../../src/operate/metrics/service-metrics.ts';
import { createTally } from '../../../src/operate/tally.ts';
import { createTestClock } from '../../support/clock.ts';

const factsOf = (service: string): ServiceFacts => ({
  service,
  endpoints: [{ address: '127.0.0.1:79', protocol: 'tcp', state: 'listening', waiting: 2 }],
  condition: 'held',
  live: 3,
  limit: null,
  waiting: 1,
});

const open = (t: Test, services: readonly string[]) => {
  const clock = createTestClock();
  const tally = createTally(clock, { timesStarts: true });
  tally.setServices(services);
  const metrics = createMetrics({
    tally,
    clock,
    kernel: {
      watch: () => undefined,
      unwatch: () => undefined,
      close: () => undefined,
      descriptorLimit: { soft: 64, hard: 64 },
    },
    version: '1.2.3',
    services: () => services.map(factsOf),
    isReady: () => true,
    isDraining: () => false,
    complain: () => undefined,
  });
  t.teardown(metrics.stop);
  const linesOf = async (accept = ''): Promise<readonly string[]> =>
    (await metrics.render(accept)).text.split('\n');
  return { tally, metrics, linesOf };
};

t.test('OpenMetrics is for those who ask for it and like nothing better', (t) => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  for (const accept of [
    prometheus,
    'application/openmetrics-text',
    'Application/OpenMetrics-Text; version=1.0.0',
  ])
    t.equal(formatFor(accept), 'openmetrics', accept);
  for (const accept of [
    '',
    '*/*',
    'text/html',
    'text/plain',
    'application/openmetrics-text;version=0.0.1',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;q=0.2, text/plain;q=0.9',
    'x'.repeat(1e6),
    ','.repeat(1e5),
  ])
    t.equal(formatFor(accept), 'prometheus', accept.slice(0, 60));
  t.end();
});

t.test('a service that nobody has used has all of its series', async (t) => {
  const { linesOf } = open(t, ['a', 'b"\\\n']);
  const lines = await linesOf();
  for (const reason of refusalReasons)
    t.ok(lines.includes(`acceptd_connections_rejected_total{service="a",reason="${reason}"} 0`), reason);
  for (const line of [
    'acceptd_connections_accepted_total{service="a"} 0',
    'acceptd_bytes_total{service="a",direction="in"} 0',
    'acceptd_handler_exits_total{service="a",outcome="signal"} 0',
    'acceptd_spawn_duration_seconds_bucket{service="a",le="+Inf"} 0',
    'acceptd_active_instances{service="a"} 3',
    'acceptd_instances_limit{service="a"} +Inf',
    'acceptd_service_condition{service="a",condition="held"} 1',
    'acceptd_service_condition{service="a",condition="active"} 0',
    'acceptd_listener_backlog{service="a",proto="tcp",address="127.0.0.1:79"} 2',
    'acceptd_connections_accepted_total{service="b\\"\\\\\\n"} 0',
    'acceptd_config_reloads_total{result="refused"} 0',
    'process_max_fds 64',
  ])
    t.ok(lines.includes(line), line);
});

t.test('histograms have what the tally has, cumulated', async (t) => {
  const { tally, linesOf } = open(t, ['a']);
  const moments = { ready: 0, accepted: 0, spawning: 0, spawned: 0, childBegan: 0, reaped: 9e9 };
  for (const executing of [150_000, 150_000, 3_000_000, 5e9])
    tally.observer.observe({
      kind: 'traced',
      service: 'a',
      pid: 1,
      port: 1,
      status: { kind: 'exit', code: 0 },
      ...moments,
      executing,
    });
  const lines = await linesOf();
  const bucket = (le: string): string => `acceptd_spawn_duration_seconds_bucket{service="a",le="${le}"}`;
  for (const [le, count] of [
    ['0.0001', 0],
    ['0.0002', 2],
    ['0.002', 2],
    ['0.005', 3],
    ['1', 3],
    ['+Inf', 4],
  ] as const)
    t.ok(lines.includes(`${bucket(le)} ${count}`), `${le}: ${count}`);
  t.ok(lines.includes('acceptd_spawn_duration_seconds_count{service="a"} 4'));
});

t.test('many services are written piece by piece, with each metric described once', async (t) => {
  const services = Array.from({ length: 200 }, (_, index) => `s${index}`);
  const { metrics } = open(t, services);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 0);
  t.teardown(() => clearInterval(turning));
  const asked = metrics.render('');
  t.equal(metrics.render('text/plain'), asked, 'who asks meanwhile gets the same');
  const { text, type } = await asked;
  t.ok(turns > 0, 'others had their turns');
  t.match(type, /^text\/plain; version=0\.0\.4/);
  for (const { name } of metricList)
    t.equal(text.split(`# TYPE ${name} `).length - 1, 1, `${name} is described once`);
  t.equal(text.match(/^acceptd_connections_accepted_total\{/gm)?.length, services.length);
  t.notMatch(text, /\n\n/);
  const { text: open1, type: openType } = await metrics.render('application/openmetrics-text');
  t.match(openType, /^application\/openmetrics-text; version=1\.0\.0/);
  t.match(open1, /\n# EOF\n$/);
  t.match(open1, /^# TYPE acceptd_connections_accepted counter$/m);
  t.match(open1, /^acceptd_connections_accepted_total\{service="s199"\} 0$/m);
});

t.test('reloads are counted, with what became of the last one', async (t) => {
  const { tally, linesOf } = open(t, ['a']);
  const counts = { opened: 0, kept: 1, retuned: 0, closed: 0, services: 1, added: 0, dropped: [] };
  tally.observer.observe({ kind: 'applied', ...counts });
  tally.observer.observe({ kind: 'applied', ...counts });
  tally.observer.observe({ kind: 'reload-refused', why: 'any' });
  const lines = await linesOf();
  t.ok(lines.includes('acceptd_config_reloads_total{result="applied"} 1'), 'the start was none');
  t.ok(lines.includes('acceptd_config_reloads_total{result="refused"} 1'));
  t.ok(lines.includes('acceptd_config_last_reload_success 0'));
  t.notOk(lines.includes('acceptd_config_last_reload_timestamp_seconds 0'));
});
