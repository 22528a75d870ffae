// Lines for a terminal: where they break, and how figures are written.
import fc from 'fast-check';
import t from 'tap';
import { showRate, showTime, timeUnit } from '../../src/measure/figures.ts';
import { columns, wrap } from '../../src/measure/layout.ts';

t.test('a sentence breaks at blanks, but never between a figure and its unit', async (t) => {
  t.equal(wrap('it takes 12 µs or 140 ms, at most 3 s', 24, 2), 'it takes 12 µs or\n  140 ms, at most 3 s');
  t.equal(wrap('one two', 80, 4, 'name '), 'name one two');
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,12}$/)),
      fc.integer({ min: 40, max: 100 }),
      (all, width) => {
        const text = wrap(all.join(' '), width, 3);
        const isWhole = text.split(/\s+/).join(' ') === all.join(' ');
        return isWhole && text.split('\n').every((line) => line.length <= width);
      },
    ),
  );
});

t.test('columns are as wide as their widest cell', async (t) => {
  t.strictSame(columns([['a', '1', ''], ['long', '100', 'x'], ['b']]), ['a       1', 'long  100  x', 'b']);
});

t.test('times have the unit and the digits that they need', async (t) => {
  const shown = [0, 0.25, 12.34, 210.4, 1251, 999_000, 2_500_000].map((time) => showTime(time, true));
  t.strictSame(shown, ['0 µs', '0.25 µs', '12.3 µs', '210 µs', '1.25 ms', '999 ms', '2.50 s']);
  t.equal(showTime(1, false), '1.00 us');
  const { name, show } = timeUnit([120, 250_000], true);
  t.strictSame([name, show(120), show(250_000)], ['ms', '0.120', '250.000']);
  t.equal(timeUnit([], true).show(0), '0');
  t.strictSame([showRate(0), showRate(12.34), showRate(12_345.6)], ['0', '12.3', '12,346']);
});
