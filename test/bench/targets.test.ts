import { test } from 'tap';
import { judgement, judgeTargets } from '../../bench/peers/targets.ts';
import { measurement, samplesOf } from './sample-rounds.ts';

const firstBytes = (server: string, firstByte: number, errors = {}) =>
  samplesOf(server, 'empty', 1, [measurement({ firstByte, errors })]);

const verdicts = (samples: Parameters<typeof judgeTargets>[0]) =>
  judgeTargets(samples, ['empty'], ['xinetd', 'tcpserver'])
    .filter(({ text }) => text.includes('first byte'))
    .map(({ text, verdict, remark }) => `${verdict} ${text}${remark}`);

test('acceptd is judged against the bare loop and the fastest peer', async (t) => {
  const samples = [
    ...firstBytes('floor', 100),
    ...firstBytes('xinetd', 300),
    ...firstBytes('tcpserver', 170),
    ...firstBytes('acceptd', 114),
  ];
  t.same(verdicts(samples), [
    'PASS empty: first byte at 1 client, against the bare loop',
    'MISS empty: first byte at 1 client, against the fastest peer (tcpserver)',
  ]);
});

test('with failed connections nothing passes', async (t) => {
  const samples = [...firstBytes('floor', 100), ...firstBytes('acceptd', 50, { reset: 2 })];
  t.match(verdicts(samples)[0], /^MISS .*errors: 2 reset$/);
});

test('what was not measured is neither passed nor missed', async (t) => {
  t.match(verdicts([])[0], /^not measured /);
  t.equal(judgement('', undefined, { atMost: 1 }, undefined).verdict, 'not measured');
});

test('a bound itself is reached', async (t) => {
  const summary = { median: 1.1, least: 1, most: 2 };
  t.equal(judgement('', summary, { atMost: 1.1 }, undefined).verdict, 'PASS');
  t.equal(judgement('', summary, { atLeast: 1.1 }, undefined).verdict, 'PASS');
  t.equal(judgement('', summary, { atMost: 1 }, undefined).verdict, 'MISS');
});
