// xinetd's own configuration on both sides, a log file included: is acceptd as far ahead as where nothing is written?
import { startCandidates, stopAll } from '../candidate.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers } from '../report.ts';
import { measureInRounds, type Outcome } from '../rounds.ts';
import { errorsOf, type Figure, ratioOf, type Sample } from '../sample.ts';
import { type Judgement, judgement } from '../targets.ts';
import { type Context, nothing, type Scenario, usualTimeout } from './scenario.ts';

const name = 'same-configuration';
const pairs = [
  { acceptd: 'acceptd', xinetd: 'xinetd' },
  { acceptd: 'acceptd-log', xinetd: 'xinetd-log' },
] as const;
const measured: readonly string[] = ['floor', ...pairs.flatMap(({ acceptd, xinetd }) => [xinetd, acceptd])];
const questions = [
  { figure: 'firstByte', clients: 1, text: 'first byte at 1 client' },
  { figure: 'rate', clients: 32, text: 'connections/s at 32 clients' },
] as const;
/** How much of the lead may be lost to the noise of both ratios. */
const tolerance = 0.05;

const asked = (handler: string, clients: number, figure: Figure) => ({
  scenario: name,
  setting: '',
  handler,
  clients,
  figure,
});

/** acceptd's ratio to xinetd with the log, against the same ratio without: at most 1 is as far ahead. */
const judgeLead = (samples: readonly Sample[], handler: string): readonly Judgement[] =>
  questions.flatMap(({ figure, clients, text }) => {
    const question = asked(handler, clients, figure);
    const [plain, logged] = pairs.map(({ acceptd, xinetd }) =>
      ratioOf(samples, { ...question, server: acceptd }, { ...question, server: xinetd }),
    );
    if (plain === undefined || logged === undefined) return [];
    const bound =
      figure === 'rate'
        ? { atLeast: Number((plain.median * (1 - tolerance)).toFixed(2)) }
        : { atMost: Number((plain.median * (1 + tolerance)).toFixed(2)) };
    const errors = errorsOf(
      samples.filter((sample) => sample.server === 'acceptd-log' && sample.handler === handler),
    );
    return judgement(`${handler}: ${text}, one xinetd.conf, against xinetd`, logged, bound, errors);
  });

const measureHandler = async (context: Context, handler: Context['handlers'][number]): Promise<Outcome> => {
  const { workshop, servers, options, say } = context;
  const { rounds, warmUp, duration } = options;
  const wanted = servers.filter((kind) => measured.includes(kind.name));
  const candidates = await startCandidates(workshop, wanted, handler, say);
  const groups = questions.map(({ clients }) =>
    candidates.map(({ kind, port }) => ({
      server: kind.name,
      handler: handler.name,
      setting: '',
      load: {
        name: `${kind.title}, ${clients}`,
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
    say(`${name}, ${handler.name} handler: round ${round} of ${rounds}`),
  );
  await stopAll(candidates);
  return outcome;
};

export const sameConfiguration: Scenario = {
  name,
  title: "xinetd's defaults on both sides",
  handler: undefined,
  run: async (context) => {
    const { handlers, servers } = context;
    if (!servers.some((kind) => kind.name === 'xinetd-log'))
      return nothing('Not measured: xinetd is not here.');
    const chosen = handlers.filter((handler) => ['empty', 'static', 'dynamic'].includes(handler.name));
    const outcomes: Outcome[] = [];
    for (const handler of chosen) outcomes.push(await measureHandler(context, handler));
    const samples = outcomes.flatMap((outcome) => outcome.samples);
    return {
      samples,
      foreignLoads: outcomes.flatMap((outcome) => outcome.foreignLoads),
      readings: [],
      judgements: chosen.flatMap((handler) => judgeLead(samples, handler.name)),
      intro:
        'One xinetd.conf for both, with START and EXIT lines in a file; beside it both as in `clients`, where nothing is written. Ratios are medians of the ratios within each round.',
      tables: chosen.map((handler) =>
        tableOfServers(
          handler.title,
          samples.filter((sample) => sample.handler === handler.name),
          servers,
          questions.flatMap(({ figure, clients, text }) => {
            const question = asked(handler.name, clients, figure);
            return [
              figureColumn(text, question),
              ratioColumn('/ xinetd', question, { server: 'xinetd' }),
              ratioColumn('/ xinetd with a log', question, { server: 'xinetd-log' }),
            ];
          }),
        ),
      ),
      remarks: [renderErrors(samples, servers)],
    };
  },
};
