// How long nobody is answered while 1,000 services are read again: seen by a client that connects without a pause.
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { canOpen } from '../capacity.ts';
import { takePort } from '../ports.ts';
import { sendSignal } from '../process.ts';
import { twoDigits, withSpread } from '../report.ts';
import { type Command, type Server, startServer } from '../server.ts';
import { extraAddress } from '../server-kind.ts';
import { acceptdInPlace, defaultsEntry, serviceEntry } from '../servers/same-configuration.ts';
import { summarize } from '../statistics.ts';
import { judgement } from '../targets.ts';
import { spareDescriptors } from './dimensions.ts';
import { type Context, handlerNamed, nothing, type Reading, type Scenario } from './scenario.ts';

const name = 'standstill';
const handlerName = 'empty';
const services = 1000;
const bound = { atMost: 50 };
// Milliseconds.
const patience = 20_000;
const calm = 300;

/** What differs in the file from the one before. */
const settings = ['nothing changed', 'every service changed', 'a tenth replaced', 'all replaced'] as const;
type Setting = (typeof settings)[number];

/** A server's first reload is the longest: nothing that it runs has been compiled by then. */
const orders = ['first', 'later'] as const;
type Order = (typeof orders)[number];
const figureOf = (order: Order): string => `longest wait, ${order} reload, ms`;
/** Of each setting, so that there are several first ones. */
const mostStarts = 5;

/** Answered by the daemon's own loop, in xinetd too: daytime forks nobody. */
const builtin = (port: number): string =>
  [
    'service daytime',
    '{',
    '\ttype        = INTERNAL UNLISTED',
    '\tid          = probe',
    '\tsocket_type = stream',
    '\tprotocol    = tcp',
    '\twait        = no',
    `\tport        = ${port}`,
    '\tcps         = 1000000 1',
    '\tlog_on_success =',
    '}',
    '',
  ].join('\n');

const configurationOf = (
  place: { readonly port: number; readonly extraPort: number; readonly log: string },
  program: string,
  setting: Setting,
  turn: number,
): string =>
  [
    defaultsEntry(place.log),
    builtin(place.port),
    ...Array.from({ length: services }, (_, index) => {
      const isOne = setting === 'all replaced' || (setting === 'a tenth replaced' && index % 10 === 0);
      const isReplaced = isOne && turn % 2 === 1;
      const address = extraAddress(isReplaced ? services + index : index);
      const lines = setting === 'every service changed' ? [`per_source = ${1000 + (turn % 2)}`] : [];
      return serviceEntry(
        `extra${isReplaced ? services + index : index}`,
        { address, port: place.extraPort },
        program,
        lines,
      );
    }),
  ].join('');

let probes = 0;

/** Each from another address: the closed connections of one would soon have used up its ports. */
const nextSource = (): string => {
  const number = probes++ % 65_000;
  return `127.3.${number >> 8}.${(number & 255) + 1 > 254 ? 254 : (number & 255) + 1}`;
};

/** Milliseconds from connect to the end of the answer. */
const probe = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const socket = createConnection({ port, host: '127.0.0.1', localAddress: nextSource() });
    socket.setTimeout(patience, () => socket.destroy(new Error(`nobody answers for ${patience} ms`)));
    socket.on('error', reject);
    socket.resume();
    socket.on('close', () => resolve(performance.now() - start));
  });

/** The longest probe until the daemon has told that it is done, and the median of those while nothing happens. */
const measureReload = async (
  server: Server,
  port: number,
  readLog: () => string,
): Promise<{ readonly longest: number; readonly usual: number }> => {
  const quiet: number[] = [];
  for (const end = performance.now() + calm; performance.now() < end; ) quiet.push(await probe(port));
  const done = (): number => readLog().split('Reconfigured:').length;
  const before = done();
  let isDone = false;
  const deadline = performance.now() + patience;
  const watching = (async () => {
    while (done() === before && performance.now() < deadline) await wait(5);
    isDone = true;
  })();
  sendSignal(server.pid, 'SIGHUP');
  let longest = 0;
  while (!isDone) longest = Math.max(longest, await probe(port));
  await watching;
  if (done() === before) throw new Error('it did not read its configuration again');
  return { longest, usual: summarize(quiet)?.median ?? 0 };
};

type Contestant = {
  readonly name: string;
  readonly title: string;
  readonly command: (configuration: string, log: string) => Command;
};

const measureOne = async (context: Context, contestant: Contestant): Promise<readonly Reading[]> => {
  const { workshop, options, say } = context;
  const { directory } = workshop;
  const { program } = handlerNamed(context, handlerName);
  const place = {
    port: await takePort(),
    extraPort: await takePort(),
    log: join(directory, `${contestant.name}-standstill.services.log`),
  };
  const path = join(directory, `${contestant.name}-standstill.conf`);
  const daemonLog = join(directory, `${contestant.name}-standstill.daemon.log`);
  const readLog = (): string => readFileSync(daemonLog, 'utf8');
  const readings: Reading[] = [];
  const starts = Math.min(options.rounds, mostStarts);
  const turns = Math.ceil(options.rounds / starts);
  const each = settings.flatMap((setting) => Array.from({ length: starts }, () => setting));
  for (const setting of each) {
    const write = (turn: number): void => writeFileSync(path, configurationOf(place, program, setting, turn));
    write(0);
    writeFileSync(daemonLog, '');
    const descriptors = 2 * services + spareDescriptors;
    const server = await startServer(
      contestant.command(path, daemonLog),
      { directory, descriptors, patience },
      async () => readLog().includes('Started working'),
    );
    try {
      for (let turn = 1; turn <= turns; turn++) {
        say(`${name}, ${contestant.title}, ${setting}: ${turn} of ${turns}`);
        write(turn);
        const { longest, usual } = await measureReload(server, place.port, readLog);
        const value = Math.max(0, longest - usual);
        const figure = figureOf(turn === 1 ? 'first' : 'later');
        readings.push({ scenario: name, server: contestant.name, setting, name: figure, value });
      }
    } finally {
      await server.stop();
    }
  }
  return readings;
};

export const standstill: Scenario = {
  name,
  title: 'a reload of 1,000 services',
  handler: handlerName,
  run: async (context) => {
    const { servers, say } = context;
    const pick = (wanted: string): boolean => servers.some((kind) => kind.name === wanted);
    if (
      !pick('acceptd-log') ||
      !canOpen(2 * services + spareDescriptors) ||
      context.options.largest < services
    )
      return nothing('Not measured: acceptd is left out, or 1,000 services are too many here.');
    const contestants: readonly Contestant[] = [
      { name: 'acceptd-log', title: 'acceptd', command: acceptdInPlace },
      ...(pick('xinetd-log')
        ? [
            {
              name: 'xinetd-log',
              title: 'xinetd',
              command: (configuration: string, log: string): Command => ({
                file: 'xinetd',
                arguments: ['-dontfork', '-f', configuration, '-filelog', log, '-pidfile', `${log}.pid`],
              }),
            },
          ]
        : []),
    ];
    const readings: Reading[] = [];
    for (const contestant of contestants) {
      try {
        readings.push(...(await measureOne(context, contestant)));
      } catch (error) {
        say(`${contestant.title} is skipped: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const summaryFor = (server: string, setting: Setting, order: Order) =>
      summarize(
        readings
          .filter(
            (each) => each.server === server && each.setting === setting && each.name === figureOf(order),
          )
          .map(({ value }) => value),
      );
    return {
      ...nothing(
        'A client connects to a built-in of the daemon again and again while SIGHUP makes it read 1,000 services; the longest that it waited for an answer, in milliseconds, less what it waits usually. Of each server the first reload is told by itself. Medians, least and most of the rounds.',
      ),
      readings,
      judgements: settings.flatMap((setting) =>
        orders.map((order) =>
          judgement(
            `blocked while 1,000 services are read again, ms: ${setting}, ${order} reload`,
            summaryFor('acceptd-log', setting, order),
            bound,
            undefined,
          ),
        ),
      ),
      tables: [
        {
          header: ['reload', ...settings],
          rows: contestants.flatMap(({ name: server, title }) =>
            orders.map((order) => [
              `${title}, ${order}`,
              ...settings.map((setting) => withSpread(summaryFor(server, setting, order), twoDigits)),
            ]),
          ),
        },
      ],
    };
  },
};
