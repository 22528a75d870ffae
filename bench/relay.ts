// node dist/bench/relay.js: a Redis asked directly, through systemd-socket-proxyd and through acceptd, in interleaved rounds.
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { projectDirectory } from './peers/compiler.ts';
import { takePort } from './peers/ports.ts';
import { twoDigits, wholeNumber, withSpread } from './peers/report.ts';
import { type Server, startServer } from './peers/server.ts';
import { summarize } from './peers/statistics.ts';
import { renderTable } from './peers/table.ts';
import { createDirectory } from './peers/workshop.ts';

const usage = `node dist/bench/relay.js [--rounds N] [--requests N]
  --rounds N    how often each is measured, in an order that turns (default 9)
  --requests N  how many requests each measurement has (default 20000; a tenth for new connections and bulk)
`;

const proxyd = '/usr/lib/systemd/systemd-socket-proxyd';
const activate = '/usr/bin/systemd-socket-activate';
const mebibyte = 1_048_576;

/** What redis-benchmark is asked for, and what of its answer counts; `bytes` where that is a throughput. */
type Workload = {
  readonly title: string;
  readonly words: readonly string[];
  readonly share: number;
  readonly figure: 'rate' | 'median';
  readonly bytes?: number;
};

const ping = ['-t', 'ping_mbulk'];
const workloads: readonly Workload[] = [
  { title: '50 clients: requests/s', words: [...ping, '-c', '50'], share: 1, figure: 'rate' },
  {
    title: '50 clients, 16 at once: requests/s',
    words: [...ping, '-c', '50', '-P', '16'],
    share: 4,
    figure: 'rate',
  },
  { title: '1 client: median, us', words: [...ping, '-c', '1'], share: 0.5, figure: 'median' },
  {
    title: 'a connection for each: requests/s',
    words: [...ping, '-c', '20', '-k', '0'],
    share: 0.2,
    figure: 'rate',
  },
  {
    title: 'values of 1 MiB: MiB/s',
    words: ['-t', 'set', '-d', String(mebibyte), '-c', '4'],
    share: 0.02,
    figure: 'rate',
    bytes: mebibyte,
  },
];

const proxydName = 'systemd-socket-proxyd';
const acceptdName = 'acceptd relay';

/** What the relay itself needs: it depends less than all else on what the machine does besides. */
const costTitle = ({ title }: Workload): string =>
  `${title.split(':', 1)[0] ?? title}: processor time a request, us`;

const readCount = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} takes a whole number above 0`);
};

const answersPing = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.write('PING\r\n');
  });

const run = promisify(execFile);

/** "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",... */
const measure = async (port: number, workload: Workload, requests: number): Promise<number> => {
  const count = countOf(workload, requests);
  const words = ['-p', String(port), '--csv', '-n', String(count), ...workload.words];
  const { stdout } = await run('redis-benchmark', words);
  const fields = (stdout.trim().split('\n').at(-1) ?? '')
    .split(',')
    .map((field) => Number(field.replaceAll('"', '')));
  const [, rate = Number.NaN, , , median = Number.NaN] = fields;
  if (workload.figure === 'median') return median * 1000;
  return workload.bytes === undefined ? rate : (rate * workload.bytes) / mebibyte;
};

/** `pid` of whoever relays. */
type Way = { readonly name: string; readonly port: number; readonly pid: number | undefined };

/** Microseconds that all threads of a process have run so far. */
const processorTime = (pid: number): number => {
  const tasks = `/proc/${pid}/task`;
  const times = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1000;
};

const countOf = (workload: Workload, requests: number): number =>
  Math.max(100, Math.round(requests * workload.share));

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      requests: { type: 'string', default: '20000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [rounds, requests] = [readCount('rounds', values.rounds), readCount('requests', values.requests)];
  for (const program of [proxyd, activate]) accessSync(program, constants.X_OK);
  const directory = createDirectory();
  const [direct, throughProxyd, throughAcceptd] = [await takePort(), await takePort(), await takePort()];
  const target = `127.0.0.1:${direct}`;
  const servers: Server[] = [];
  const startOne = async (port: number, file: string, words: readonly string[]): Promise<number> => {
    const setting = { directory, descriptors: 20_000, patience: 20_000 };
    const server = await startServer({ file, arguments: words }, setting, () => answersPing(port));
    servers.push(server);
    return server.pid;
  };
  await startOne(direct, 'redis-server', [
    '--port',
    String(direct),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    directory,
  ]);
  // its own limit of 256 would refuse some while the last ones close
  const proxydPid = await startOne(throughProxyd, activate, [
    '-l',
    `127.0.0.1:${throughProxyd}`,
    proxyd,
    '--connections-max=4096',
    target,
  ]);
  const acceptd = join(projectDirectory, 'dist', 'acceptd', 'main.js');
  const relay = [
    acceptd,
    'relay',
    `127.0.0.1:${throughAcceptd}`,
    '--to',
    target,
    '-c',
    '4096',
    '--log-level',
    'warn',
  ];
  const acceptdPid = await startOne(throughAcceptd, process.execPath, relay);
  const ways: readonly Way[] = [
    { name: 'direct', port: direct, pid: undefined },
    { name: proxydName, port: throughProxyd, pid: proxydPid },
    { name: acceptdName, port: throughAcceptd, pid: acceptdPid },
  ];

  const figures = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const workload of workloads) {
      const order = ways.map((_, index) => ways[(index + round) % ways.length]);
      for (const way of order) {
        if (way === undefined) continue;
        const before = way.pid === undefined ? Number.NaN : processorTime(way.pid);
        const figure = await measure(way.port, workload, requests);
        const time = way.pid === undefined ? Number.NaN : processorTime(way.pid) - before;
        figures.set(`${workload.title}/${way.name}/${round}`, figure);
        figures.set(`${costTitle(workload)}/${way.name}/${round}`, time / countOf(workload, requests));
      }
    }
  }
  for (const server of servers) await server.stop();

  const series = (title: string, name: string): readonly number[] =>
    Array.from({ length: rounds }, (_, round) => figures.get(`${title}/${name}/${round}`) ?? Number.NaN);
  const added = (title: string, name: string): readonly number[] => {
    const direct = series(title, 'direct');
    return series(title, name).map((value, round) => value - (direct[round] ?? Number.NaN));
  };
  const rowOf = (title: string, find: (name: string) => readonly number[]): readonly string[] => {
    const others = find(proxydName);
    const ratios = find(acceptdName).map((value, round) => value / (others[round] ?? Number.NaN));
    const cells = ways.map(({ name }) => find(name));
    return [
      title,
      ...cells.map((values) =>
        values.every(Number.isFinite) ? withSpread(summarize(values), wholeNumber) : '-',
      ),
      withSpread(summarize(ratios), twoDigits),
    ];
  };
  process.stdout.write(
    renderTable({
      header: ['redis-benchmark', ...ways.map(({ name }) => name), 'acceptd / proxyd'],
      rows: [
        ...workloads.map(({ title }) => rowOf(title, (name) => series(title, name))),
        ...workloads
          .filter(({ figure }) => figure === 'median')
          .map(({ title }) => rowOf(`${title}, that is added`, (name) => added(title, name))),
        ...workloads.map((workload) =>
          rowOf(costTitle(workload), (name) => series(costTitle(workload), name)),
        ),
      ],
    }),
  );
};

await main();
