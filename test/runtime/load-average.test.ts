// The load is asked for when somebody wants it, and not more than once a second.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { createLoadAverage } from '../../src/runtime/load-average.ts';
import { createTestClock } from '../support/clock.ts';

t.test('the kernel is asked at most once a second, and not before somebody asks', async (t) => {
  const clock = createTestClock();
  let asked = 0;
  const load = createLoadAverage(clock, () => {
    asked += 1;
    return asked / 2;
  });
  t.equal(asked, 0);
  t.equal(load(), 0.5);
  for (let count = 0; count < 100; count++) load();
  clock.advance(999);
  t.equal(load(), 0.5);
  clock.advance(1);
  t.equal(load(), 1);
  t.equal(asked, 2);
});

t.test('it is the average of one minute', async (t) => {
  const load = createLoadAverage(createTestClock());
  const shown = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
  // it may change between two looks, but not at each
  let isSame = false;
  for (let tries = 0; tries < 20 && !isSame; tries++) {
    const fresh = createLoadAverage(createTestClock());
    isSame = Math.abs(fresh() - shown()) < 0.011;
  }
  t.ok(isSame);
  t.ok(load() >= 0);
});
