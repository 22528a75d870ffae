// Arrivals: rising, as many as asked for, and where they are by chance, distributed as they should be.
import fc from 'fast-check';
import t from 'tap';
import { type Arrivals, evenArrivals, poissonArrivals } from '../../src/measure/arrivals.ts';
import { createRandom } from '../../src/measure/random.ts';

const must = (found: ReturnType<typeof evenArrivals>): Arrivals => {
  if ('mistake' in found) throw new Error(found.mistake);
  return found;
};

const isRising = (moments: Arrivals): boolean =>
  moments.every((moment, index) => Number.isInteger(moment) && moment >= (moments[index - 1] ?? 0));

const intervalsOf = (moments: Arrivals): readonly number[] =>
  [...moments].map((moment, index) => moment - (moments[index - 1] ?? 0));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const rates = fc.double({ min: 0.5, max: 20_000, noNaN: true });
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

t.test('even arrivals keep the rate from the first nanosecond to the last', async (t) => {
  t.strictSame([...must(evenArrivals(4, { seconds: 1 }))], [0, 250e6, 500e6, 750e6]);
  t.strictSame([...must(evenArrivals(3, { count: 3, after: 0 }))], [0, 333_333_333, 666_666_667]);
  t.strictSame([...must(evenArrivals(2, { count: 2, after: 1 }))], [0, 500e6, 1000e6, 1500e6]);
  fc.assert(
    fc.property(rates, fc.double({ min: 0.01, max: 2, noNaN: true }), (rate, seconds) => {
      const moments = must(evenArrivals(rate, { seconds }));
      return (
        isRising(moments) &&
        Math.abs(moments.length - rate * seconds) < 1.01 && // moments are whole nanoseconds
        moments.every(
          (moment, index) => moment < seconds * 1e9 && Math.abs(moment - (index * 1e9) / rate) <= 1,
        )
      );
    }),
  );
});

t.test('Poisson arrivals rise, end where they are to, and are as many as asked for', async () => {
  fc.assert(
    fc.property(rates, seeds, fc.double({ min: 0.01, max: 2, noNaN: true }), (rate, seed, seconds) => {
      const moments = must(poissonArrivals(rate, seed, { seconds }));
      // the count has a variance of its mean; 8 times its root is never reached
      const isNear = Math.abs(moments.length - rate * seconds) <= 8 * Math.sqrt(rate * seconds) + 8;
      return isRising(moments) && isNear && moments.every((moment) => moment < seconds * 1e9);
    }),
  );
  fc.assert(
    fc.property(
      rates,
      seeds,
      fc.nat(500),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      (rate, seed, count, after) => {
        const moments = must(poissonArrivals(rate, seed, { count, after }));
        return isRising(moments) && moments.filter((moment) => moment >= after * 1e9).length === count;
      },
    ),
  );
});

t.test('the intervals of Poisson arrivals are exponential', async () => {
  fc.assert(
    fc.property(seeds, rates, (seed, rate) => {
      const count = 20_000;
      const unit = 1e9 / rate;
      const intervals = intervalsOf(must(poissonArrivals(rate, seed, { count, after: 0 }))).map(
        (each) => each / unit,
      );
      const middle = mean(intervals);
      const variance = mean(intervals.map((each) => (each - middle) ** 2));
      const above = (limit: number): number => intervals.filter((each) => each > limit).length / count;
      // an exponential has mean 1, variance 1 and e^-x above x; the bounds are six standard errors and more
      return (
        Math.abs(middle - 1) < 0.05 &&
        Math.abs(variance - 1) < 0.15 &&
        [0.1, 0.5, 1, 2, 4].every((limit) => Math.abs(above(limit) - Math.exp(-limit)) < 0.025)
      );
    }),
    { numRuns: 30 },
  );
});

t.test('the same seed gives the same moments on every machine, another seed others', async (t) => {
  const first = must(poissonArrivals(1000, 1, { count: 1000, after: 0 }));
  t.strictSame(must(poissonArrivals(1000, 1, { count: 1000, after: 0 })), first);
  t.strictSame([...first.subarray(0, 4)], [568_606, 1_458_000, 1_810_968, 2_147_427], 'for ever');
  const near = must(poissonArrivals(1000, 2, { count: 1000, after: 0 }));
  t.ok(near.filter((moment) => first.includes(moment)).length < 10);
});

t.test('a longer run begins as a shorter one of the same seed', async (t) => {
  const short = must(poissonArrivals(500, 7, { seconds: 1 }));
  const long = must(poissonArrivals(500, 7, { seconds: 2 }));
  t.strictSame(long.subarray(0, short.length), short);
});

t.test('numbers by chance fill the whole range evenly', async (t) => {
  const random = createRandom(0);
  const counts = new Array(16).fill(0);
  for (let count = 0; count < 160_000; count++) counts[Math.floor(random.uniform() * 16)]++;
  for (const count of counts) t.ok(Math.abs(count - 10_000) < 600, `${count} of 10,000`);
});

t.test('more arrivals than can be planned are a mistake, as is no rate', async (t) => {
  t.match(evenArrivals(1_000_001, { seconds: 20 }), {
    mistake: /20,000,020 connections.* at most 20,000,000/,
  });
  t.match(poissonArrivals(1e9, 1, { seconds: 1e9 }), { mistake: /too many/ });
  t.match(evenArrivals(1000, { count: 1, after: 1e9 }), { mistake: /too many/ });
  for (const rate of [0, -1, Number.NaN]) t.match(evenArrivals(rate, { seconds: 1 }), { mistake: /no rate/ });
});
