// Durations in buckets, held against the sorted samples that they stand for.
import fc from 'fast-check';
import t from 'tap';
import {
  addSavedDurations,
  createDurationCounts,
  readDurations,
  recordDuration,
  saveDurations,
} from '../../src/operate/durations.ts';

/** From 50 microseconds to an hour, as many short ones as long ones. */
const length = fc.double({ min: -4.3, max: 3.55, noNaN: true }).map((exponent) => 10 ** exponent);
const lengths = fc.array(length, { minLength: 1, maxLength: 400 });

const countAll = (samples: readonly number[]) => {
  const counts = createDurationCounts();
  for (const sample of samples) recordDuration(counts, sample);
  return counts;
};

t.test('a quantile is within a bucket of the sample that has its rank', async (t) => {
  fc.assert(
    fc.property(lengths, fc.double({ min: 0, max: 1, noNaN: true }), (samples, share) => {
      const found = readDurations(countAll(samples)).quantile(share) ?? Number.NaN;
      const sorted = samples.toSorted((one, other) => one - other);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
      return found / exact < 1.07 && exact / found < 1.07;
    }),
  );
  t.pass();
});

t.test('counts and sums are exact, and the counts below 1, 2 and 5 of a decade nearly', async (t) => {
  fc.assert(
    fc.property(lengths, fc.constantFrom(0.001, 0.002, 0.005, 0.01, 0.2, 5, 100, 2000), (samples, bound) => {
      const read = readDurations(countAll(samples));
      const sum = samples.reduce((total, sample) => total + sample, 0);
      const below = read.atMost(bound);
      return (
        read.count() === samples.length &&
        Math.abs(read.sum() - sum) <= sum * 1e-9 &&
        below >= samples.filter((sample) => sample <= bound * 0.9949).length &&
        below <= samples.filter((sample) => sample <= bound * 1.0051).length
      );
    }),
  );
  t.pass();
});

t.test('what is shorter or longer than the buckets has its place too', (t) => {
  const read = readDurations(countAll([0, 1e-9, -5, Number.NaN, 1e6]));
  t.equal(read.count(), 5);
  t.equal(read.sum(), 1e6 + 1e-9);
  t.equal(read.atMost(0.0001), 4);
  t.equal(read.atMost(3_600), 4);
  t.ok((read.quantile(1) ?? 0) > 3_600);
  t.equal(readDurations(undefined).quantile(0.5), undefined);
  t.equal(readDurations(createDurationCounts()).quantile(0.5), undefined);
  t.end();
});

t.test('what was saved is the same when it is put back, as text too', async (t) => {
  fc.assert(
    fc.property(lengths, (samples) => {
      const counts = countAll(samples);
      const again = createDurationCounts();
      addSavedDurations(again, JSON.parse(JSON.stringify(saveDurations(counts))));
      return counts.every((each, at) => each === again[at]);
    }),
  );
  t.equal(saveDurations(undefined), undefined);
  t.end();
});

t.test('what was not saved so adds nothing', (t) => {
  const counts = createDurationCounts();
  for (const saved of [[], [-1], ['1'], [1, 2], [1, 5_000, 1], [1, 1.5, 1], [1, 3, -1], [1, 3, 0.5], [null]])
    addSavedDurations(counts, saved);
  t.equal(readDurations(counts).count(), 0);
  t.equal(readDurations(counts).sum(), 0);
  t.end();
});
