// The first byte must not come later because 10,000 rules say who may come.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Candidate, startCandidate, stopAll, usualDescriptors } from '../candidate.ts';
import { figureColumn, ratioColumn, renderErrors, tableOfServers, wholeNumber } from '../report.ts';
import { measureInRounds } from '../rounds.ts';
import { errorsOf, ratioOf } from '../sample.ts';
import type { PresentServer } from '../server-kind.ts';
import { acceptdInPlace, serviceEntry } from '../servers/same-configuration.ts';
import { judgement } from '../targets.ts';
import { handlerNamed, nothing, type Scenario, sizesUpTo, usualTimeout } from './scenario.ts';

const name = 'access-rules';
const handlerName = 'empty';
const counts = [0, 100, 10000] as const;
const bound = { atMost: 1.05 };
const onOneLine = 500;

/** Networks of which none is the client's, on lines that are not too long for xinetd; the client's comes last. */
const rules = (count: number): readonly string[] => {
  const networks = Array.from(
    { length: count },
    (_, index) => `10.${index >> 8}.${index & 255}.0/${index % 2 === 0 ? 24 : 25}`,
  );
  const lines = Array.from(
    { length: Math.ceil(count / onOneLine) },
    (_, line) => `only_from += ${networks.slice(line * onOneLine, (line + 1) * onOneLine).join(' ')}`,
  );
  return count === 0 ? [] : [...lines, 'only_from += 127.0.0.0'];
};

const withRules = (kind: PresentServer, count: number): PresentServer => ({
  ...kind,
  startCommand: ({ port, program, directory }) => {
    const path = join(directory, `rules-${port}.conf`);
    writeFileSync(path, serviceEntry('bench', { port }, program, rules(count)));
    return acceptdInPlace(path, join(directory, `rules-${port}.daemon.log`));
  },
});

const settingOf = (count: number): string => wholeNumber(count);

export const accessRules: Scenario = {
  name,
  title: '0 to 10,000 access rules',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp, duration } = options;
    const handler = handlerNamed(context, handlerName);
    const kind = servers.find((each) => each.name === 'acceptd-log');
    if (kind === undefined) return nothing('Not measured: acceptd is left out.');
    const possible = sizesUpTo(counts, options.largest);
    const candidates: (Candidate & { readonly count: number })[] = [];
    for (const count of possible) {
      const request = { kind: withRules(kind, count), handler, listeners: 1, descriptors: usualDescriptors };
      const outcome = await startCandidate(workshop, request);
      if ('server' in outcome) candidates.push({ ...outcome, count });
      else say(`${kind.title} is skipped with ${count} rules: ${outcome.failure}`);
    }
    const turns = candidates.map(({ port, count }) => ({
      server: kind.name,
      handler: handlerName,
      setting: settingOf(count),
      load: {
        name: `${count} rules`,
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
    const asked = (count: number) =>
      ({
        scenario: name,
        handler: handlerName,
        clients: 1,
        setting: settingOf(count),
        figure: 'firstByte',
      }) as const;
    const most = possible.at(-1) ?? 0;
    const ratio = ratioOf(samples, { ...asked(most), server: kind.name }, { ...asked(0), server: kind.name });
    return {
      ...outcome,
      readings: [],
      judgements: [
        judgement(
          `${handlerName}: first byte at 1 client with ${settingOf(most)} access rules, against itself with none`,
          ratio,
          bound,
          errorsOf(samples),
        ),
      ],
      intro: `Microseconds to the first byte, ${handler.title}, 1 client, whose own network is the last rule; the columns are how many rules there are.`,
      tables: [
        tableOfServers(
          'access rules',
          samples,
          [kind],
          [
            ...possible.map((count) => figureColumn(settingOf(count), asked(count))),
            ratioColumn(`${settingOf(most)} / 0`, asked(most), { ...asked(0), server: kind.name }),
          ],
        ),
      ],
      remarks: [renderErrors(samples, [kind])],
    };
  },
};
