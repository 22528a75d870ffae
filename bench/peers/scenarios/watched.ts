// The first byte must not come later because clients are counted: for the control socket, and for metrics.
import { type Candidate, startCandidate, stopAll, usualDescriptors } from '../candidate.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers } from '../report.ts';
import { measureInRounds } from '../rounds.ts';
import { errorsOf, ratioOf } from '../sample.ts';
import type { PresentServer } from '../server-kind.ts';
import { judgement } from '../targets.ts';
import { handlerNamed, nothing, type Scenario, usualTimeout } from './scenario.ts';

const name = 'watched';
const handlerName = 'empty';

/** `bound`: how many times as long as without anything the first byte may take. */
type Watching = {
  readonly setting: string;
  readonly bound: number;
  readonly words: (path: string) => readonly string[];
};

const unwatched: Watching = { setting: 'nothing', bound: 1, words: () => ['--no-control'] };
const ways: readonly Watching[] = [
  { setting: 'control socket', bound: 1.02, words: (path) => ['--control', path] },
  { setting: 'metrics', bound: 1.03, words: (path) => ['--control', path, '--metrics'] },
];

const watchedBy = (kind: PresentServer, { setting, words }: Watching): PresentServer => ({
  ...kind,
  startCommand: (assignment) => {
    const command = kind.startCommand(assignment);
    const path = `@acceptd-bench-${assignment.port}-${setting.replace(' ', '-')}`;
    return { ...command, arguments: [...command.arguments, ...words(path)] };
  },
});

export const watched: Scenario = {
  name,
  title: 'control socket and metrics',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp, duration } = options;
    const handler = handlerNamed(context, handlerName);
    const kind = servers.find((each) => each.name === 'acceptd');
    if (kind === undefined) return nothing('Not measured: acceptd is left out.');
    const candidates: (Candidate & { readonly setting: string })[] = [];
    for (const way of [unwatched, ...ways]) {
      const request = { kind: watchedBy(kind, way), handler, listeners: 1, descriptors: usualDescriptors };
      const outcome = await startCandidate(workshop, request);
      if ('server' in outcome) candidates.push({ ...outcome, setting: way.setting });
      else say(`${kind.title} is skipped with ${way.setting}: ${outcome.failure}`);
    }
    const turns = candidates.map(({ port, setting }) => ({
      server: kind.name,
      handler: handlerName,
      setting,
      load: {
        name: setting,
        port,
        clients: 1,
        warmUp,
        duration,
        timeout: usualTimeout,
        answer: handler.answer,
      },
    }));
    const outcome = await measureInRounds({ scenario: name, rounds, groups: [turns] }, (round) =>
      say(`${name}: round ${round} of ${rounds}`),
    );
    await stopAll(candidates);
    const { samples } = outcome;
    const asked = (setting: string) =>
      ({ scenario: name, handler: handlerName, clients: 1, setting, figure: 'firstByte' }) as const;
    const plain = { ...asked(unwatched.setting), server: kind.name };
    return {
      ...outcome,
      readings: [],
      judgements: ways.map(({ setting, bound }) =>
        judgement(
          `${handlerName}: first byte at 1 client with ${setting}, against itself with nothing`,
          ratioOf(samples, { ...asked(setting), server: kind.name }, plain),
          { atMost: bound },
          errorsOf(samples),
        ),
      ),
      intro: `Microseconds to the first byte, ${handler.title}, 1 client; the columns are who can ask for counts.`,
      tables: [
        tableOfServers(
          'who can ask',
          samples,
          [kind],
          [
            ...[unwatched, ...ways].map(({ setting }) => figureColumn(setting, asked(setting))),
            ...ways.map(({ setting }) => ratioColumn(`${setting} / nothing`, asked(setting), plain)),
          ],
        ),
      ],
      remarks: [renderErrors(samples, [kind])],
    };
  },
};
