import { test } from 'tap';
import { createRecorder } from '../../src/measure/recorder.ts';
import type { LoadSample } from '../../src/native/load.ts';

const millisecond = 1e6;
const second = 1e9;

const window = { loop: 'open', from: 0, until: 10 * second, slice: second } as const;

/** A connection that began at `at` and got its first byte after `latency`; all in nanoseconds. */
const sampleAt = (at: number, latency: number, changes: Partial<LoadSample> = {}): LoadSample => ({
  intended: at,
  started: at,
  connected: at + latency / 2,
  firstByte: at + latency,
  lastByte: at + latency,
  ended: at + latency,
  error: 0,
  port: 0,
  ...changes,
});

test('an open loop counts from the intended start, and tells the other figure too', async (t) => {
  const recorder = createRecorder(window);
  for (let index = 0; index < 100; index++) {
    const at = index * 10 * millisecond;
    recorder.take(sampleAt(at + 4 * millisecond, millisecond, { intended: at }));
  }
  const { corrected, uncorrected } = recorder.read(second).latency.firstByte;
  t.equal(Math.round(uncorrected.p50 / 10), 100, 'a millisecond from the real start');
  t.equal(Math.round(corrected.p50 / 10), 500, 'five from the intended one');
  t.equal(corrected.count, 100);
});

test('a closed loop fills in what a stall kept the client from asking', async (t) => {
  const recorder = createRecorder({ ...window, loop: 'closed' });
  let at = 0;
  for (let index = 0; index < 1000; index++) {
    recorder.take(sampleAt(at, millisecond));
    at += millisecond;
  }
  recorder.take(sampleAt(at, 500 * millisecond));
  const { corrected, uncorrected } = recorder.read(2 * second).latency.firstByte;
  t.equal(uncorrected.count, 1001);
  t.ok(Math.abs(corrected.count - 1500) <= 2, `${corrected.count} with those that were not asked`);
  t.ok(uncorrected.p99 < 2000, 'the stall is one in a thousand');
  t.ok(corrected.p99 > 400_000, 'though a third of the time nobody was served');
});

test('connections that fail are in no latency and no rate, but each in its kind', async (t) => {
  const recorder = createRecorder(window);
  recorder.take(sampleAt(0, millisecond));
  recorder.take(sampleAt(0, 900 * millisecond, { error: 3 }));
  recorder.take(sampleAt(0, millisecond, { error: 5 }));
  recorder.take(sampleAt(0, millisecond, { error: 5 }));
  const { errors, latency, rate, connections } = recorder.read(second);
  t.equal(connections, 1);
  t.equal(rate, 1);
  t.equal(latency.close.corrected.count, 1);
  t.match(errors, { timeout: 1, 'wrong answer': 2, refused: 0 });
});

test('a client that hung since the warm-up is an error of the measured part', async (t) => {
  const recorder = createRecorder({ ...window, from: second });
  recorder.take(sampleAt(0, 0.5 * second, { error: 3 }));
  recorder.take(sampleAt(0, 5 * second, { error: 3 }));
  t.equal(recorder.read(10 * second).errors.timeout, 1);
});

test('what began in the warm-up counts for the rate when it ends within the measured part, and for nothing else', async (t) => {
  const recorder = createRecorder({ ...window, from: second, until: 2 * second });
  recorder.take(sampleAt(0.5 * second, 0.1 * second));
  recorder.take(sampleAt(0.9 * second, 0.2 * second));
  recorder.take(sampleAt(1.5 * second, 0.2 * second));
  recorder.take(sampleAt(1.9 * second, 0.3 * second));
  const { connections, rate, latency } = recorder.read(2 * second);
  t.equal(rate, 2);
  t.equal(connections, 2, 'the last one began in time');
  t.equal(latency.firstByte.corrected.count, 2);
});

test('the timeline has a moment for each slice, also for those in which nothing ended', async (t) => {
  const recorder = createRecorder(window);
  recorder.take(sampleAt(0, 100 * millisecond));
  recorder.take(sampleAt(0, 200 * millisecond, { error: 2 }));
  recorder.take(sampleAt(0, 3.5 * second));
  const { timeline } = recorder.read(4 * second);
  t.same(
    timeline.map(({ at, seconds, connections, errors }) => [at, seconds, connections, errors]),
    [
      [0, 1, 1, 1],
      [1, 1, 0, 0],
      [2, 1, 0, 0],
      [3, 1, 1, 0],
    ],
  );
  t.equal(timeline[1]?.latency, undefined);
  t.equal(Math.round((timeline[3]?.latency?.most ?? 0) / 1e5), 35);
});

test('a distribution keeps three figures, its true ends and a rising curve', async (t) => {
  const recorder = createRecorder(window);
  for (let index = 1; index <= 10_000; index++) recorder.take(sampleAt(0, index * 1000));
  const { corrected } = recorder.read(second).latency.firstByte;
  t.equal(corrected.least, 1);
  t.equal(corrected.most, 10_000);
  for (const [share, wanted] of [
    ['p50', 5000],
    ['p90', 9000],
    ['p99', 9900],
    ['p99_9', 9990],
  ] as const) {
    t.ok(Math.abs(corrected[share] - wanted) / wanted < 0.002, `${share} is ${corrected[share]}`);
  }
  t.ok(Math.abs(corrected.mean - 5000.5) < 1);
  const { curve } = corrected;
  t.same(curve.at(0), [0, 1]);
  t.same(curve.at(-1), [100, 10_000]);
  curve.slice(1).forEach(([share, value], index) => {
    const [before = 0, valueBefore = 0] = curve[index] ?? [];
    t.ok(share > before && value >= valueBefore, `${share}`);
  });
});

test('a run without a single connection has figures of nothing', async (t) => {
  const { latency, rate, seconds } = createRecorder(window).read(0);
  t.equal(rate, 0);
  t.equal(seconds, 0);
  t.match(latency.close.corrected, { count: 0, least: 0, most: 0, mean: 0, p50: 0, curve: [] });
});
