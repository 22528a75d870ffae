// The moments of one process are those of another: an instance that is handed over has lasted as long as it has.
import t from 'tap';
import { originOf, systemClock } from '../../src/runtime/clock.ts';

t.test('what passes between two readings makes no moment earlier, as long as it does so seldom', (t) => {
  // milliseconds that pass at each reading: a first one that loads something, a process that has no turn
  const passing = [0, 20, 0, 0.001, 300, 0.001, 0, 7];
  let now = 5_000;
  let reading = 0;
  const read = (from: number) => (): number => {
    now += passing[reading++] ?? 0.5;
    return now - from;
  };
  const origin = originOf(read(0), read(4_000));
  t.ok(Math.abs(origin - 4_000) < 0.01, `${origin}`);
  t.end();
});

t.test('it is the monotonic clock of the machine', (t) => {
  const moment = (): number => Number(process.hrtime.bigint()) / 1e6;
  const [before, now, after] = [moment(), systemClock.now(), moment()];
  t.ok(before - 1 <= now && now <= after + 1, `${before} ${now} ${after}`);
  t.end();
});
