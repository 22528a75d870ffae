// 2,000 clients connect at once: nobody may be lost, and the last one should not wait long.
import { startCandidates, stopAll } from '../candidate.ts';
import { figureColumn, renderErrors, tableOfServers, wholeNumber } from '../report.ts';
import { measureInRounds } from '../rounds.ts';
import { errorsOf, type Figure, summaryOf } from '../sample.ts';
import { judgement } from '../targets.ts';
import { handlerNamed, type Scenario } from './scenario.ts';

const name = 'burst';
const handlerName = 'static';
const usualCount = 2000;
// A burst is long, and seldom differs much from the next.
const mostRounds = 5;
// Milliseconds: a client whose first packet was thrown away tries again after 1, 3, 7 and 15 seconds.
const timeout = 20000;

export const burst: Scenario = {
  name,
  title: '2,000 connects at once',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const rounds = Math.min(options.rounds, mostRounds);
    const count = Math.min(usualCount, options.largest);
    const handler = handlerNamed(context, handlerName);
    const candidates = await startCandidates(workshop, servers, handler, say);
    const turns = candidates.map(({ kind, port }) => ({
      server: kind.name,
      handler: handlerName,
      setting: '',
      load: {
        name: `${kind.title}, ${count} at once`,
        port,
        clients: count,
        warmUp: 0,
        count,
        timeout,
        answer: handler.answer,
      },
    }));
    const outcome = await measureInRounds({ scenario: name, rounds, groups: [turns] }, (round) =>
      say(`burst: round ${round} of ${rounds}`),
    );
    await stopAll(candidates);
    const { samples } = outcome;
    const asked = (figure: Figure) => ({
      scenario: name,
      handler: handlerName,
      clients: count,
      setting: '',
      figure,
    });
    const lost = summaryOf(samples, { ...asked('failed'), server: 'acceptd' });
    return {
      ...outcome,
      readings: [],
      judgements: [
        judgement(
          `${wholeNumber(count)} connects at once: connections that are lost`,
          lost,
          { atMost: 0 },
          errorsOf(samples.filter(({ server }) => server === 'acceptd')),
        ),
      ],
      intro: `${wholeNumber(count)} clients connect at once, ${handler.title}; microseconds. Lost: refused, reset, or without an answer after ${timeout / 1000} s.`,
      tables: [
        tableOfServers('burst', samples, servers, [
          figureColumn('lost', asked('failed')),
          figureColumn('first byte, median', asked('firstByte')),
          figureColumn('first byte, p99', asked('firstByte p99')),
          figureColumn('the last to end', asked('slowest')),
        ]),
      ],
      remarks: [renderErrors(samples, servers)],
    };
  },
};
