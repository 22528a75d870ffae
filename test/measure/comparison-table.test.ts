// Runs side by side: ratios to the first, and a warning where they cannot be compared.
import t from 'tap';
import { renderComparison } from '../../src/measure/comparison-table.ts';
import { distributionOf, errorsOf, exampleResult } from '../support/results.ts';

const look = { width: 80, isUnicode: true };
const times = (...all: readonly number[]) => ({
  uncorrected: distributionOf(all),
  corrected: distributionOf(all),
});
const fast = {
  ...exampleResult,
  name: 'fast',
  rate: 2000,
  latency: { ...exampleResult.latency, firstByte: times(100, 200) },
};
const slow = {
  ...fast,
  name: 'slow',
  rate: 500,
  errors: errorsOf({ reset: 2, other: 1 }),
  latency: { ...fast.latency, firstByte: times(150, 5000) },
};
const dumb = { ...slow, name: 'dumb', latency: { ...fast.latency, firstByte: times() } };

const rowOf = (text: string, name: string): readonly string[] =>
  text
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.split(/ {2,}/) ?? [];

t.test('each run is a row with ratios to the first', async (t) => {
  const text = renderComparison([fast, slow], look);
  t.match(text, /^latency to the first byte/);
  t.strictSame(rowOf(text, 'fast'), ['fast', '100', '1.00×', '200', '1.00×', '2,000', '1.00×', '0']);
  t.strictSame(rowOf(text, 'slow'), ['slow', '150', '1.50×', '5,000', '25.0×', '500', '0.25×', '3']);
  t.notMatch(text, /warning/);
});

t.test('runs without a first byte are compared by their ends', async (t) => {
  const text = renderComparison([fast, dumb], look);
  t.match(text, /^latency to the close/);
  t.notMatch(text, /NaN/);
  const empty = { ...dumb, latency: { ...dumb.latency, close: times() } };
  t.strictSame(rowOf(renderComparison([fast, empty], look), 'dumb').slice(0, 3), ['dumb', '-', '-']);
  t.notMatch(renderComparison([empty, fast], look), /NaN|Infinity/);
});

t.test('runs that were asked for other things, or elsewhere, are compared with a warning', async (t) => {
  const other = {
    ...slow,
    settings: { ...slow.settings, clients: 1, warmUp: 9 },
    surroundings: { ...slow.surroundings, kernel: '6.2' },
  };
  const text = renderComparison([fast, other], look);
  t.match(text, /\nwarning: not all runs have the same settings: clients, warmUp\n/);
  t.match(text, /\nwarning: not all runs have the same machine or versions: kernel$/);
});

t.test('a run that was kept as JSON is like one that was not', async (t) => {
  const kept: typeof fast = JSON.parse(JSON.stringify({ ...fast, name: 'kept' }));
  t.notMatch(renderComparison([fast, kept], look), /warning/);
  const open = { ...fast, settings: { ...fast.settings, rate: 100 } };
  t.match(renderComparison([kept, open], look), /same settings: rate$/);
});

t.test('long and wild names are cut and escaped', async (t) => {
  const text = renderComparison(
    [
      { ...fast, name: `${'n'.repeat(70)}` },
      { ...slow, name: 'a\u001b[2Jb' },
    ],
    look,
  );
  t.ok(
    text.split('\n').every((line) => line.length <= 80),
    text,
  );
  t.match(text, /\nn+… /);
  t.match(text, 'a\\u{1b}[2Jb');
  t.equal(renderComparison([], look), '');
});
