// Little at once, a bounded queue, and nobody waits longer than his patience.
import t from 'tap';
import { seconds } from '../../src/model/quantity.ts';
import { createBoundedWork } from '../../src/runtime/bounded-work.ts';
import { createTestClock } from '../support/clock.ts';

/** Work that ends when it is told to. */
const createJobs = () => {
  const ends: ((value: string) => void)[] = [];
  const begin = (): Promise<string> => new Promise((resolve) => ends.push(resolve));
  return { begin, begun: () => ends.length, end: (index: number) => ends[index]?.(`job ${index}`) };
};
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('so much at once, and the next when one has ended', async (t) => {
  const work = createBoundedWork({ clock: createTestClock(), atOnce: 2, waiting: 10, patience: seconds(5) });
  const jobs = createJobs();
  const results = [0, 1, 2, 3].map(() => work.run(jobs.begin));
  t.equal(jobs.begun(), 2);
  jobs.end(0);
  await settle();
  t.equal(jobs.begun(), 3);
  for (const index of [1, 2]) jobs.end(index);
  await settle();
  jobs.end(3);
  t.strictSame(await Promise.all(results), ['job 0', 'job 1', 'job 2', 'job 3']);
});

t.test('beyond the queue nothing is begun, and an error is its own', async (t) => {
  const work = createBoundedWork({ clock: createTestClock(), atOnce: 1, waiting: 1, patience: seconds(5) });
  const jobs = createJobs();
  const [first, second] = [work.run(jobs.begin), work.run(() => Promise.reject(new Error('no')))];
  t.equal(await work.run(jobs.begin), undefined);
  jobs.end(0);
  t.equal(await first, 'job 0');
  await t.rejects(second, { message: 'no' });
  const last = work.run(jobs.begin);
  jobs.end(1);
  t.equal(await last, 'job 1', 'the place of the failed one is free again');
});

t.test('whose time is over is not begun, and leaves room in the queue', async (t) => {
  const clock = createTestClock();
  const work = createBoundedWork({ clock, atOnce: 1, waiting: 2, patience: seconds(5) });
  const jobs = createJobs();
  const [first, second, third] = [work.run(jobs.begin), work.run(jobs.begin), work.run(jobs.begin)];
  clock.advance(5_000);
  const fourth = work.run(jobs.begin);
  t.equal(await second, undefined);
  t.equal(await third, undefined);
  jobs.end(0);
  t.equal(await first, 'job 0');
  await settle();
  t.equal(jobs.begun(), 2);
  jobs.end(1);
  t.equal(await fourth, 'job 1');
});
