// The first byte must not come later because thousands of handlers are alive: 0, 1,000 and 10,000 of them.
import { type Candidate, startCandidate, stopAll, usualDescriptors } from '../candidate.ts';
import { mostInstances } from '../capacity.ts';
import { type Crowd, gatherCrowd } from '../crowd.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers, wholeNumber } from '../report.ts';
import { measureInRounds, type Outcome } from '../rounds.ts';
import { errorsOf, ratioOf } from '../sample.ts';
import type { PresentServer } from '../server-kind.ts';
import { judgement } from '../targets.ts';
import { type Context, handlerNamed, type Scenario, sizesUpTo } from './scenario.ts';

const name = 'live';
// It stays until its client says that nothing more will come: the measured clients do so at once, the others never.
const handlerName = 'hold';
const counts = [0, 1000, 10000] as const;
// The bare loop shows what of the growth is the kernel's.
const measured = ['floor', 'openbsd-inetd', 'tcpserver', 'acceptd'];
const bound = { atMost: 1.1 };
// Milliseconds.
const timeout = 20000;

const settingOf = (count: number): string => wholeNumber(count);

/** A server of this kind for each count, with its crowd: together they may be as many as the machine bears. */
const prepare = async (
  context: Context,
  kind: PresentServer,
  possible: readonly number[],
): Promise<{
  readonly candidates: readonly (Candidate & { count: number })[];
  readonly crowds: readonly Crowd[];
}> => {
  const { workshop, say } = context;
  const handler = handlerNamed(context, handlerName);
  const candidates: (Candidate & { readonly count: number })[] = [];
  const crowds: Crowd[] = [];
  for (const count of possible) {
    const descriptors = usualDescriptors;
    const outcome = await startCandidate(workshop, { kind, handler, listeners: 1, descriptors });
    if ('failure' in outcome) {
      say(`${kind.title} is skipped: ${outcome.failure}`);
      continue;
    }
    const crowd = await gatherCrowd(outcome.port, count);
    if ('failure' in crowd) {
      say(`${kind.title} is skipped with ${count} live instances: ${crowd.failure}`);
      await outcome.server.stop();
      continue;
    }
    crowds.push(crowd);
    candidates.push({ ...outcome, count });
  }
  return { candidates, crowds };
};

const measureKind = async (
  context: Context,
  kind: PresentServer,
  possible: readonly number[],
): Promise<Outcome> => {
  const { options, say } = context;
  const { rounds, warmUp, duration } = options;
  const { candidates, crowds } = await prepare(context, kind, possible);
  const turns = candidates.map(({ handler, port, count }) => ({
    server: kind.name,
    handler: handlerName,
    setting: settingOf(count),
    load: {
      name: `${kind.title}, ${count} live`,
      port,
      clients: 1,
      warmUp,
      duration,
      timeout,
      answer: handler.answer,
      shutsDown: true,
    },
  }));
  const outcome = await measureInRounds({ scenario: name, rounds, groups: [turns] }, (round) =>
    say(`live instances, ${kind.title}: round ${round} of ${rounds}`),
  );
  for (const crowd of crowds) await crowd.leave();
  await stopAll(candidates);
  return outcome;
};

export const live: Scenario = {
  name,
  title: '0 to 10,000 live instances',
  handler: handlerName,
  run: async (context) => {
    const { servers, options } = context;
    const wanted = sizesUpTo(counts, options.largest);
    const bearable = mostInstances();
    // Those with fewer run at the same time.
    const possible = wanted.filter(
      (count) => wanted.filter((other) => other <= count).reduce((sum, other) => sum + other, 0) <= bearable,
    );
    const leftOut = wanted.filter((count) => !possible.includes(count)).map(settingOf);
    const able = servers.filter((kind) => measured.includes(kind.name));
    const outcomes: Outcome[] = [];
    for (const kind of able) outcomes.push(await measureKind(context, kind, possible));
    const samples = outcomes.flatMap((outcome) => outcome.samples);
    const most = possible.at(-1) ?? 0;
    const asked = (count: number) =>
      ({
        scenario: name,
        handler: handlerName,
        clients: 1,
        setting: settingOf(count),
        figure: 'firstByte',
      }) as const;
    const ratio = ratioOf(samples, { ...asked(most), server: 'acceptd' }, { ...asked(0), server: 'acceptd' });
    const growth = {
      heading: `${settingOf(most)} / 0`,
      cell: (_: unknown, server: string) =>
        ratioColumn('', asked(most), { ...asked(0), server }).cell(samples, server),
    };
    return {
      samples,
      foreignLoads: outcomes.flatMap((outcome) => outcome.foreignLoads),
      readings: [],
      judgements:
        most === 0
          ? []
          : [
              judgement(
                `first byte at 1 client beside ${settingOf(most)} live instances, against itself beside none`,
                ratio,
                bound,
                errorsOf(samples.filter(({ server }) => server === 'acceptd')),
              ),
            ],
      intro:
        'Microseconds to the first byte, 1 client, a static handler that ends when the client does; the columns are how many other instances of the same service are alive.',
      tables: [
        tableOfServers('live instances', samples, able, [
          ...possible.map((count) => figureColumn(settingOf(count), asked(count))),
          growth,
        ]),
      ],
      remarks: [
        ...(leftOut.length === 0
          ? []
          : [`Left out: ${leftOut.join(', ')}; this machine bears ${settingOf(bearable)}.`]),
        renderErrors(samples, able),
      ],
    };
  },
};
