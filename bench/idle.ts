// node dist/bench/idle.js: what acceptd costs while nothing happens, with 100 services: memory, threads, wake-ups.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { takePort } from './peers/ports.ts';
import { type Server, startServer } from './peers/server.ts';
import { extraAddress } from './peers/server-kind.ts';
import { acceptdCommand, serviceLine } from './peers/servers/acceptd.ts';
import { renderTable } from './peers/table.ts';
import { createDirectory } from './peers/workshop.ts';

const usage = `node dist/bench/idle.js [--services N] [--settle SECONDS] [--seconds SECONDS]
  --services N  how many services acceptd has (default 100)
  --settle S    how long it is left alone before it is looked at (default 15)
  --seconds S   how long its wake-ups are counted (default 60)
`;

type Switches = { readonly threads: number; readonly voluntary: number; readonly involuntary: number };

const numberAfter = (text: string, label: string): number =>
  Number(new RegExp(`^${label}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);

/** A wake-up is a voluntary switch: a thread that went to sleep by itself had been awake. */
const readSwitches = (pid: number): Switches => {
  const statuses = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'),
  );
  const sum = (label: string) => statuses.reduce((total, text) => total + numberAfter(text, label), 0);
  return {
    threads: statuses.length,
    voluntary: sum('voluntary_ctxt_switches'),
    involuntary: sum('nonvoluntary_ctxt_switches'),
  };
};

const mebibytes = (kibibytes: number): string => `${(kibibytes / 1024).toFixed(2)} MiB`;

const readMemory = (pid: number): readonly (readonly [string, string])[] => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const rows = [
    ['private dirty memory', 'Private_Dirty'],
    ['swapped out', 'Swap'],
    ['proportional set (PSS)', 'Pss'],
    ['resident set (RSS)', 'Rss'],
  ] as const;
  return rows.map(([title, label]) => [title, mebibytes(numberAfter(text, label))]);
};

const readWholeNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10000) return value;
  throw new Error(`--${name} takes a number from 1 to 10000, not "${text}"`);
};

const startIdle = async (services: number): Promise<Server> => {
  const directory = createDirectory();
  const port = await takePort();
  const lines = Array.from({ length: services }, (_, index) =>
    serviceLine(extraAddress(index), port, '/bin/true'),
  );
  const command = acceptdCommand(join(directory, 'idle.conf'), lines.join(''));
  const setting = { directory, descriptors: services * 4 + 1024, patience: 60000 };
  // It is not asked by a client: a server that has started a handler is not what is looked at.
  return startServer(command, setting, async (log) => log().includes('"event":"applied"'));
};

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      services: { type: 'string', default: '100' },
      settle: { type: 'string', default: '15' },
      seconds: { type: 'string', default: '60' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const services = readWholeNumber('services', values.services);
  const settle = readWholeNumber('settle', values.settle);
  const seconds = readWholeNumber('seconds', values.seconds);
  const { pid, stop } = await startIdle(services);
  await wait(settle * 1000);
  const before = readSwitches(pid);
  await wait(seconds * 1000);
  const after = readSwitches(pid);
  const perMinute = (difference: number) => ((difference * 60) / seconds).toFixed(1);
  const rows = [
    ...readMemory(pid),
    ['threads', String(after.threads)],
    ['wake-ups per minute', perMinute(after.voluntary - before.voluntary)],
    ['pre-emptions per minute', perMinute(after.involuntary - before.involuntary)],
  ];
  process.stdout.write(
    `${renderTable({ header: [`acceptd, idle, ${services} services`, 'value'], rows })}\n`,
  );
  await stop();
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
try {
  await run();
} catch (error) {
  process.stderr.write(`idle: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
