// A scenario of a few servers that are measured alone at one client: their first byte, and what it has to be.
import { startCandidates, stopAll } from '../candidate.ts';
import type { Handler } from '../handlers.ts';
import { figureColumn, ratioColumn, tableOfServers } from '../report.ts';
import { measureInRounds, type Outcome } from '../rounds.ts';
import { errorsOf, ratioOf, type Sample } from '../sample.ts';
import type { Table } from '../table.ts';
import { type Bound, type Judgement, judgement } from '../targets.ts';
import { type Context, usualTimeout } from './scenario.ts';

/** One of the servers against another, with the words for it. */
export type Comparison = {
  readonly server: string;
  readonly base: string;
  readonly text: string;
  readonly bound: Bound;
};

const askedOf = (scenario: string, handler: string) =>
  ({ scenario, setting: '', handler, clients: 1, figure: 'firstByte' }) as const;

export const measureAtOneClient = async (
  { workshop, servers, options, say }: Context,
  scenario: string,
  names: readonly string[],
  handler: Handler,
): Promise<Outcome> => {
  const { rounds, warmUp, duration } = options;
  const wanted = servers.filter((kind) => names.includes(kind.name));
  const candidates = await startCandidates(workshop, wanted, handler, say);
  const turns = candidates.map(({ kind, port }) => ({
    server: kind.name,
    handler: handler.name,
    setting: '',
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
  const outcome = await measureInRounds({ scenario, rounds, groups: [turns] }, (round) =>
    say(`${scenario}, ${handler.name} handler: round ${round} of ${rounds}`),
  );
  await stopAll(candidates);
  return outcome;
};

export const compareFirstBytes = (
  samples: readonly Sample[],
  scenario: string,
  handler: string,
  comparisons: readonly Comparison[],
): readonly Judgement[] =>
  comparisons.map(({ server, base, text, bound }) => {
    const asked = askedOf(scenario, handler);
    const ratio = ratioOf(samples, { ...asked, server }, { ...asked, server: base });
    const errors = errorsOf(
      samples.filter((sample) => sample.server === server && sample.handler === handler),
    );
    return judgement(`${handler}: ${text}`, ratio, bound, errors);
  });

export const tableOfFirstBytes = (
  { servers }: Context,
  samples: readonly Sample[],
  scenario: string,
  handler: Handler,
  bases: readonly { readonly name: string; readonly heading: string }[],
): Table => {
  const asked = askedOf(scenario, handler.name);
  return tableOfServers(
    handler.title,
    samples.filter((sample) => sample.handler === handler.name),
    servers,
    [
      figureColumn('first byte, us', asked),
      ...bases.map(({ name, heading }) => ratioColumn(heading, asked, { server: name })),
    ],
  );
};
