// The first byte must not come later because the server listens on 10,000 addresses.
import { type Candidate, startCandidate, stopAll } from '../candidate.ts';
import { canOpen } from '../capacity.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers, wholeNumber } from '../report.ts';
import { measureInRounds } from '../rounds.ts';
import { errorsOf, ratioOf } from '../sample.ts';
import { judgement } from '../targets.ts';
import { spareDescriptors } from './dimensions.ts';
import { handlerNamed, nothing, type Scenario, sizesUpTo, usualTimeout } from './scenario.ts';

const name = 'listeners';
const handlerName = 'empty';
const counts = [1, 100, 1000, 10000] as const;
const bound = { atMost: 1.1 };

const settingOf = (count: number): string => wholeNumber(count);

export const listeners: Scenario = {
  name,
  title: '1 to 10,000 listeners',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp, duration } = options;
    const handler = handlerNamed(context, handlerName);
    const able = servers.filter(({ mostListeners }) => mostListeners > 1);
    const possible = sizesUpTo(counts, options.largest).filter((count) => canOpen(count + spareDescriptors));
    const most = possible.at(-1);
    if (able.length === 0 || most === undefined || possible.length < 2)
      return nothing('Not measured: none of the servers can open many listeners here (ulimit -Hn).');
    const candidates: (Candidate & { readonly count: number })[] = [];
    for (const kind of able) {
      for (const count of possible.filter((listening) => listening <= kind.mostListeners)) {
        const descriptors = count + spareDescriptors;
        const outcome = await startCandidate(workshop, { kind, handler, listeners: count, descriptors });
        if ('server' in outcome) candidates.push({ ...outcome, count });
        else say(`${kind.title} is skipped with ${count} listeners: ${outcome.failure}`);
      }
    }
    const turns = candidates.map(({ kind, port, count }) => ({
      server: kind.name,
      handler: handlerName,
      setting: settingOf(count),
      load: {
        name: `${kind.title}, ${count} listeners`,
        port,
        clients: 1,
        warmUp,
        duration,
        timeout: usualTimeout,
        answer: handler.answer,
      },
    }));
    const outcome = await measureInRounds({ scenario: name, rounds, groups: [turns] }, (round) =>
      say(`listeners: round ${round} of ${rounds}`),
    );
    await stopAll(candidates);

    const asked = (count: number) =>
      ({
        scenario: name,
        handler: handlerName,
        clients: 1,
        setting: settingOf(count),
        figure: 'firstByte',
      }) as const;
    const { samples } = outcome;
    // Each against itself, at the most that it has.
    const growth = {
      heading: 'most / 1',
      cell: (_: unknown, server: string) => {
        const own = possible.filter((count) =>
          samples.some((sample) => sample.server === server && sample.setting === settingOf(count)),
        );
        return ratioColumn('', asked(own.at(-1) ?? 1), { ...asked(1), server }).cell(samples, server);
      },
    };
    const ratio = ratioOf(samples, { ...asked(most), server: 'acceptd' }, { ...asked(1), server: 'acceptd' });
    const errors = errorsOf(samples.filter(({ server }) => server === 'acceptd'));
    return {
      ...outcome,
      readings: [],
      judgements: [
        judgement(
          `${handlerName}: first byte at 1 client with ${wholeNumber(most)} listeners, against itself with 1`,
          ratio,
          bound,
          errors,
        ),
      ],
      intro: `Microseconds to the first byte, ${handler.title}, 1 client; the columns are how many listeners the server has.`,
      tables: [
        tableOfServers('listeners', samples, able, [
          ...possible.map((count) => figureColumn(settingOf(count), asked(count))),
          growth,
        ]),
      ],
      remarks: [renderErrors(samples, able)],
    };
  },
};
