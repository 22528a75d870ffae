// The drawing of a distribution: every connection is in one bar, and no bar is wider than it may be.
import fc from 'fast-check';
import t from 'tap';
import { bucketsOf, percentBelow, renderDistribution } from '../../src/measure/distribution-chart.ts';
import { distributionOf, skewedTimes } from '../support/results.ts';

const look = { width: 80, isUnicode: true };

t.test('the steps cover all times without a gap, and their shares are all connections', async () => {
  const times = fc.array(fc.double({ min: 0.5, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(times, (all) => {
      const distribution = distributionOf(all);
      const buckets = bucketsOf(distribution);
      const sum = buckets.reduce((total, { percent }) => total + percent, 0);
      return (
        buckets.length <= 12 &&
        Math.abs(sum - 100) < 1e-6 &&
        buckets.every(({ percent }) => percent > -1e-9) &&
        buckets[0]?.from === distribution.least &&
        buckets.at(-1)?.to === distribution.most &&
        buckets.every(({ from }, index) => index === 0 || from === buckets[index - 1]?.to)
      );
    }),
  );
});

t.test('the share below a time follows the curve', async (t) => {
  const curve = [
    [0, 10],
    [50, 20],
    [75, 20],
    [100, 40],
  ] as const;
  const shares = [9, 10, 15, 19.999, 20, 30, 40, 50].map((time) => Math.round(percentBelow(curve, time)));
  t.strictSame(shares, [0, 0, 25, 50, 75, 88, 100, 100]);
});

t.test('two humps are drawn as two humps, and a single slow connection is seen', async (t) => {
  const two = [...skewedTimes(100, 5000), ...skewedTimes(20_000, 5000), 10_000_000];
  const lines = renderDistribution(distributionOf(two), look);
  const lengths = lines.map((line) => line.split('%')[1]?.trim().length ?? 0);
  const valley = lengths.indexOf(Math.min(...lengths.slice(0, 7)));
  t.ok(
    (lengths[0] ?? 0) > (lengths[valley] ?? 0) && Math.max(...lengths.slice(valley)) > (lengths[valley] ?? 0),
  );
  t.match(lines.at(-1), /0\.0\d % {2}▏$/);
  t.ok(lines.every((line) => line.length <= 80));
});

t.test('equal times are one bar, and none are none', async (t) => {
  const same = renderDistribution(distributionOf([250, 250, 250]), look);
  t.equal(same.length, 1);
  t.match(same[0], /250 µs +100\.00 % +█{20,}$/);
  t.strictSame(renderDistribution(distributionOf([]), look), []);
  t.match(
    renderDistribution(distributionOf([1, 1000]), { ...look, isUnicode: false }).join('\n'),
    /^[\n -~]+#\n/,
  );
});
