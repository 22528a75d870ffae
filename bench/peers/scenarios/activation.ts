// How soon a daemon runs that is started by its first client: with one that ends after each, so that each is the first.
import { type Candidate, startCandidates, stopAll } from '../candidate.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers } from '../report.ts';
import { measureInRounds, rotate } from '../rounds.ts';
import { errorsOf, type Figure, ratioOf, type Sample } from '../sample.ts';
import { measureStarts } from '../starts.ts';
import type { Table } from '../table.ts';
import { type Judgement, judgement } from '../targets.ts';
import { type Context, handlerNamed, type Scenario, usualTimeout } from './scenario.ts';

const name = 'activation';
const handlerName = 'once';
const floor = 'activate';
const ours = 'acceptd-activation';
const bound = { atMost: 1.2 };

/** Clients that come with a pause: the end of the daemon before is long over. */
const rested = 'with a pause';
/** One right after the other: the end of the daemon before is part of it. */
const pressed = '';
/** Milliseconds. */
const pause = 20;
const startsInRound = 12;

const asked = (setting: string, figure: Figure) =>
  ({ scenario: name, handler: handlerName, clients: 1, setting, figure }) as const;

const compare = (samples: readonly Sample[], setting: string, figure: Figure, text: string): Judgement => {
  const question = asked(setting, figure);
  const ratio = ratioOf(samples, { ...question, server: ours }, { ...question, server: floor });
  const errors = errorsOf(samples.filter((sample) => sample.server === ours && sample.setting === setting));
  return judgement(`${handlerName}: ${text}`, ratio, bound, errors);
};

const measureRested = async (
  candidates: readonly Candidate[],
  { options: { rounds }, say }: Context,
): Promise<readonly Sample[]> => {
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`${name}, ${rested}: round ${round + 1} of ${rounds}`);
    for (const { kind, port, server, handler } of rotate(candidates, round)) {
      const load = { port, pid: server.pid, answer: handler.answer, count: startsInRound, pause };
      const measurement = await measureStarts(load);
      const cell = { scenario: name, handler: handlerName, clients: 1, setting: rested };
      samples.push({ ...cell, server: kind.name, round, measurement });
    }
  }
  return samples;
};

const tableOf = (
  context: Context,
  samples: readonly Sample[],
  setting: string,
  figures: readonly Figure[],
): Table => {
  const headings: Partial<Record<Figure, string>> = {
    exec: 'connect to exec, us',
    firstByte: 'first byte, us',
  };
  const columns = figures.flatMap((figure) => [
    figureColumn(headings[figure] ?? figure, asked(setting, figure)),
    ratioColumn('/ bare loop', asked(setting, figure), { server: floor }),
  ]);
  const title = setting === rested ? `a client each ${pause} ms` : 'one client right after the other';
  return tableOfServers(
    title,
    samples.filter((sample) => sample.setting === setting),
    context.servers,
    columns,
  );
};

export const activation: Scenario = {
  name,
  title: 'Daemons started by their first client',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp, duration } = options;
    const handler = handlerNamed(context, handlerName);
    const kinds = servers.filter((kind) => [floor, ours].includes(kind.name));
    const candidates = await startCandidates(workshop, kinds, handler, say);
    const turns = candidates.map(({ kind, port }) => ({
      server: kind.name,
      handler: handlerName,
      setting: pressed,
      load: {
        name: kind.title,
        port,
        clients: 1,
        warmUp,
        duration,
        timeout: usualTimeout,
        answer: handler.answer,
      },
    }));
    const { samples: inRow, foreignLoads } = await measureInRounds(
      { scenario: name, rounds, groups: [turns] },
      (round) => say(`${name}: round ${round} of ${rounds}`),
    );
    const samples = [...(await measureRested(candidates, context)), ...inRow];
    await stopAll(candidates);
    const hasStamps = samples.some(({ measurement }) => measurement.exec !== undefined);
    return {
      samples,
      foreignLoads,
      readings: [],
      judgements: [
        compare(samples, rested, 'exec', "a daemon's first client until its exec, against the bare loop"),
        compare(samples, rested, 'firstByte', "first byte of a daemon's first client, against the bare loop"),
        compare(
          samples,
          pressed,
          'firstByte',
          'the same with the end of the daemon before, against the bare loop',
        ),
      ],
      intro: `Connect, start of the daemon with the listener, its exec, its accept and its first byte; ${handler.title}.`,
      tables: [
        tableOf(context, samples, rested, ['exec', 'firstByte']),
        tableOf(context, samples, pressed, ['firstByte']),
      ],
      remarks: [
        ...(hasStamps
          ? []
          : [
              "The moment of an exec takes the kernel's stamps (root or CAP_PERFMON), which were not to be had.",
            ]),
        renderErrors(samples, servers),
      ],
    };
  },
};
