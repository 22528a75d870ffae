// Metrics of the real program: every number after a known number of clients, through Prometheus' own tools.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { metricList } from '../../src/operate/metrics/metrics.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { hasProgram, isRoot, run } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';

const clients = 7;

/** Asks until `fits`; what is counted when a connection is gone comes a little after its last byte. */
const until = async <Value>(ask: () => Promise<Value>, fits: (value: Value) => boolean): Promise<Value> => {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await ask();
    if (fits(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const openTarget = async (t: Test): Promise<number> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

/** An acceptd with metrics that clients have used: seven were echoed, two kept out, one's handler is none, one was relayed. */
const startUsed = async (t: Test, uid?: number) => {
  const [cat = 0, closed = 0, broken = 0, relay = 0, http = 0] = await freePorts(5);
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-metrics-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const noProgram = join(directory, 'no-program');
  writeFileSync(noProgram, 'this is no program', { mode: 0o755 });
  const owner = uid ?? process.getuid?.() ?? 0;
  const service = (name: string, port: number, ...lines: readonly string[]): string =>
    [`${name} on`, 'bind = 127.0.0.1', `port = ${port}`, 'socktype = stream', ...lines, ';', ''].join('\n');
  const program = (path: string): readonly string[] => [`user = ${owner}`, `exec = ${path}`];
  const acceptd = await startAcceptd(t, {
    config: [
      service('cat', cat, ...program('/bin/cat')),
      service('closed', closed, ...program('/bin/cat'), 'only_from = 192.0.2.1'),
      service('broken', broken, ...program(noProgram)),
      service('relay', relay, `redirect = 127.0.0.1 ${await openTarget(t)}`),
    ].join(''),
    arguments: ['--metrics', '--control-http', `127.0.0.1:${http}`],
    ...(uid === undefined ? {} : { user: { uid, gid: uid } }),
  });
  for (let count = 0; count < clients; count++)
    t.equal(await exchange(cat, 'x'.repeat(1_000)), 'x'.repeat(1_000));
  for (let count = 0; count < 2; count++) await exchange(closed, '').catch(() => undefined);
  await exchange(broken, '').catch(() => undefined);
  t.equal(await exchange(relay, 'y'.repeat(500)), 'y'.repeat(500));
  const read = async (accept = 'text/plain'): Promise<string> =>
    shorten(await (await fetch(`http://127.0.0.1:${http}/metrics`, { headers: { accept } })).text());
  return { acceptd, http, read };
};

/** The id of a service has its address too. */
const shorten = (text: string): string => text.replace(/service="127\.0\.0\.1:(\w+)\/tcp"/g, 'service="$1"');

const wanted = [
  `acceptd_connections_accepted_total{service="cat"} ${clients}`,
  `acceptd_connections_served_total{service="cat"} ${clients}`,
  `acceptd_handler_exits_total{service="cat",outcome="ok"} ${clients}`,
  `acceptd_handler_duration_seconds_count{service="cat"} ${clients}`,
  `acceptd_spawn_duration_seconds_count{service="cat"} ${clients}`,
  'acceptd_connections_accepted_total{service="closed"} 2',
  'acceptd_connections_served_total{service="closed"} 0',
  'acceptd_connections_rejected_total{service="closed",reason="access"} 2',
  'acceptd_connections_accepted_total{service="broken"} 1',
  'acceptd_connections_served_total{service="broken"} 0',
  'acceptd_connections_failed_total{service="broken"} 1',
  'acceptd_spawn_failures_total{service="broken",errno="ENOEXEC"} 1',
  'acceptd_connections_served_total{service="relay"} 1',
  `acceptd_bytes_total{service="cat",direction="in"} ${clients * 1_000}`,
  `acceptd_bytes_total{service="cat",direction="out"} ${clients * 1_000}`,
  'acceptd_bytes_total{service="relay",direction="in"} 500',
  'acceptd_bytes_total{service="relay",direction="out"} 500',
  'acceptd_byte_counts_up 1',
  'acceptd_ready 1',
];

const hasAll = (text: string): boolean => wanted.every((line) => text.includes(`\n${line}\n`));

const prometheus = '/usr/bin/prometheus';

/** Its own configuration and storage, on the loopback; the address where it answers. */
const startPrometheus = async (t: Test, target: number): Promise<string> => {
  const [port = 0] = await freePorts(1);
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-prometheus-'));
  const config = join(directory, 'prometheus.yml');
  writeFileSync(
    config,
    `global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
scrape_configs:
  - job_name: acceptd
    static_configs:
      - targets: ['127.0.0.1:${target}']
`,
  );
  const child: ChildProcess = spawn(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  t.teardown(async () => {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  return `http://127.0.0.1:${port}`;
};

/** The one number that a question has; undefined while it has none. */
const ask = async (server: string, question: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(question)}`);
    return /"value":\[[0-9.]+,"([^"]*)"\]/.exec(await answer.text())?.[1];
  } catch {
    // it does not listen yet
    return undefined;
  }
};

const cat = 'service="127.0.0.1:cat/tcp"';
const questions = [
  [`sum(acceptd_connections_served_total{${cat}})`, `${clients}`],
  [`acceptd_bytes_total{${cat},direction="in"}`, `${clients * 1_000}`],
  ['sum(acceptd_connections_rejected_total)', '2'],
  [`histogram_quantile(0.99, acceptd_handler_duration_seconds_bucket{${cat}}) > bool 0`, '1'],
  ['up', '1'],
] as const;

const promtool = '/usr/bin/promtool';

t.test(
  'every client is in the numbers, a reload takes none away, promtool has nothing to say and a Prometheus answers',
  async (t) => {
    const { acceptd, http, read } = await startUsed(t);
    const server = hasProgram(prometheus) ? await startPrometheus(t, http) : undefined;
    const text = await until(() => read(), hasAll);
    for (const line of wanted) t.ok(text.includes(`\n${line}\n`), line);
    const reloaded = await acceptd.reload(
      readFileSync(acceptd.configPath, 'utf8').replace('on\n', 'on\nnice = 1\n'),
    );
    t.equal(reloaded.event, 'applied');
    const later = await read();
    for (const line of wanted) t.ok(later.includes(`\n${line}\n`), `after a reload: ${line}`);
    t.match(later, /^acceptd_config_reloads_total\{result="applied"\} 1$/m);
    for (const { name, type } of metricList)
      t.ok(text.includes(`\n# TYPE ${name} ${type}\n`) || text.startsWith(`# HELP ${name} `), name);
    if (hasProgram(promtool)) {
      const { code, stdout, stderr } = await run(promtool, ['check', 'metrics'], { input: text });
      t.strictSame([code, stdout, stderr], [0, '', '']);
    }
    if (server !== undefined)
      for (const [question, answer] of questions) {
        const found = await until(
          () => ask(server, question),
          (each) => each === answer,
        );
        t.equal(found, answer, question);
      }
    t.equal(await acceptd.stop(), 0);
  },
);

t.test(
  'an ordinary user has the bytes too',
  { skip: isRoot ? false : 'needs root to become one' },
  async (t) => {
    const { acceptd, read } = await startUsed(t, 65_534);
    const text = await until(() => read('application/openmetrics-text'), hasAll);
    for (const line of wanted) t.ok(text.includes(`\n${line}\n`), line);
    t.equal(await acceptd.stop(), 0);
  },
);
