// Every server with every handler at 1, 8, 32 and 128 clients, each of which asks again when it has been served.
import { startCandidates, stopAll } from '../candidate.ts';
import {
  type Column,
  figureColumn,
  type Named,
  ratioColumn,
  renderErrors,
  tableOfServers,
} from '../report.ts';
import { measureInRounds, type Outcome } from '../rounds.ts';
import type { Figure, Sample } from '../sample.ts';
import type { Table } from '../table.ts';
import { judgeTargets } from '../targets.ts';
import { type Context, type Scenario, usualTimeout } from './scenario.ts';

const name = 'clients';
const clientCounts = [1, 8, 32, 128] as const;
// Where the tables give ratios: what one client waits, and what many get together.
const ratiosAt = { firstByte: 1, rate: 32 } as const;

const figures: readonly { readonly figure: 'firstByte' | 'rate'; readonly title: string }[] = [
  { figure: 'firstByte', title: 'first byte, us' },
  { figure: 'rate', title: 'connections/s' },
];

const columnsOf = (handler: string, figure: 'firstByte' | 'rate'): readonly Column[] => {
  const asked = (clients: number, of: Figure) => ({
    scenario: name,
    setting: '',
    handler,
    clients,
    figure: of,
  });
  const key = asked(ratiosAt[figure], figure);
  return [
    ...clientCounts.map((clients) =>
      figureColumn(clients === 1 ? '1 client' : String(clients), asked(clients, figure)),
    ),
    ratioColumn(`${key.clients}: / bare loop`, key, { server: 'floor' }),
    ratioColumn(`${key.clients}: / acceptd`, key, { server: 'acceptd' }),
    ...(figure === 'firstByte' ? [figureColumn('1: end of file', asked(1, 'endOfFile'))] : []),
  ];
};

const tablesOf = (samples: readonly Sample[], handler: Named, servers: readonly Named[]): readonly Table[] =>
  figures.map(({ figure, title }) =>
    tableOfServers(
      `${handler.title}: ${title}`,
      samples.filter((sample) => sample.handler === handler.name),
      servers,
      columnsOf(handler.name, figure),
    ),
  );

const measureHandler = async (context: Context, handler: Context['handlers'][number]): Promise<Outcome> => {
  const { workshop, servers, options, say } = context;
  const { rounds, warmUp, duration } = options;
  // Those which are not being measured sleep in their accept, or their event loop.
  const candidates = await startCandidates(workshop, servers, handler, say);
  const groups = clientCounts.map((clients) =>
    candidates.map(({ kind, port }) => ({
      server: kind.name,
      handler: handler.name,
      setting: '',
      load: {
        name: `${kind.title}, ${clients === 1 ? '1 client' : `${clients} clients`}`,
        port,
        clients,
        warmUp,
        duration,
        timeout: usualTimeout,
        answer: handler.answer,
      },
    })),
  );
  const outcome = await measureInRounds({ scenario: name, rounds, groups }, (round) =>
    say(`clients, ${handler.name} handler: round ${round} of ${rounds}`),
  );
  await stopAll(candidates);
  return outcome;
};

export const clients: Scenario = {
  name,
  title: '1, 8, 32 and 128 clients',
  handler: undefined,
  run: async (context) => {
    const { handlers, servers } = context;
    const outcomes: Outcome[] = [];
    for (const handler of handlers) outcomes.push(await measureHandler(context, handler));
    const samples = outcomes.flatMap((outcome) => outcome.samples);
    const peers = servers.filter(({ role }) => role === 'peer').map((kind) => kind.name);
    return {
      samples,
      foreignLoads: outcomes.flatMap((outcome) => outcome.foreignLoads),
      readings: [],
      judgements: judgeTargets(
        samples,
        handlers.map((handler) => handler.name),
        peers,
      ),
      intro:
        'Each client connects again as soon as it has been served. Medians of the rounds, least and most in brackets; ratios are medians of the ratios within each round.',
      tables: handlers.flatMap((handler) => tablesOf(samples, handler, servers)),
      remarks: [renderErrors(samples, servers)],
    };
  },
};
