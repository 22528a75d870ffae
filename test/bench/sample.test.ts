import { test } from 'tap';
import { errorsOf, ratioOf, summaryOf } from '../../bench/peers/sample.ts';
import { summarize } from '../../bench/peers/statistics.ts';
import { measurement, samplesOf } from './sample-rounds.ts';

const question = (server: string) =>
  ({ scenario: 'clients', setting: '', handler: 'empty', clients: 1, figure: 'firstByte', server }) as const;

test('a summary has the middle, the least and the most of the rounds', async (t) => {
  t.same(summarize([30, 10, 20]), { median: 20, least: 10, most: 30 });
  t.same(summarize([10, 20, 30, 100]), { median: 25, least: 10, most: 100 });
  t.equal(summarize([]), undefined);
});

test('ratios are taken within each round before their median is', async (t) => {
  const rounds = (...values: readonly number[]) => values.map((firstByte) => measurement({ firstByte }));
  const samples = [
    ...samplesOf('acceptd', 'empty', 1, rounds(110, 330, 120)),
    ...samplesOf('floor', 'empty', 1, rounds(100, 300, 100)),
    // neither another handler nor another number of clients is mixed in
    ...samplesOf('floor', 'static', 1, rounds(1, 1, 1)),
    ...samplesOf('floor', 'empty', 8, rounds(1, 1, 1)),
  ];
  const ratio = ratioOf(samples, question('acceptd'), question('floor'));
  t.same(
    [ratio?.median, ratio?.least, ratio?.most].map((value) => value?.toFixed(2)),
    ['1.10', '1.10', '1.20'],
  );
});

test('a round in which nobody was served has no latency, and its failures are counted', async (t) => {
  const samples = samplesOf('xinetd', 'empty', 1, [
    measurement({ firstByte: 100 }),
    measurement({ connections: 0, errors: { refused: 3, timeout: 0 } }),
    measurement({ firstByte: 300, errors: { refused: 1 } }),
  ]);
  t.same(summaryOf(samples, question('xinetd')), { median: 200, least: 100, most: 300 });
  t.same(summaryOf(samples, { ...question('xinetd'), figure: 'failed' }), { median: 1, least: 0, most: 3 });
  t.equal(errorsOf(samples), '4 refused');
  t.equal(errorsOf(samples.slice(0, 1)), undefined);
});
