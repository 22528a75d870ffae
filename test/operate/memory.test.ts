// Memory is given back once after work, and no timer runs without it.
import t from 'tap';
import type { Event } from '../../src/model/event.ts';
import { createTrimmer, observers } from '../../src/operate/memory.ts';
import { createTestClock } from '../support/clock.ts';

const applied: Event = {
  kind: 'applied',
  services: 0,
  opened: 0,
  kept: 0,
  retuned: 0,
  closed: 0,
  added: 0,
  dropped: [],
};

t.test('once, some seconds after the last work', (t) => {
  const clock = createTestClock();
  let trims = 0;
  const trimmer = createTrimmer(clock, () => {
    trims += 1;
  });
  t.equal(clock.waiting(), 0, 'nothing has happened, nothing waits');
  trimmer.observe({ kind: 'resumed', service: 'any' });
  t.equal(clock.waiting(), 0, 'nor for what is no work');
  for (let count = 0; count < 100; count++) {
    trimmer.observe(applied);
    clock.advance(900);
  }
  t.equal(trims, 0, 'not as long as work goes on');
  clock.advance(20_000);
  t.equal(trims, 1);
  t.equal(clock.waiting(), 0);
  clock.advance(1_000_000);
  t.equal(trims, 1);
  trimmer.observe(applied);
  clock.advance(20_000);
  t.equal(trims, 2);
  t.end();
});

t.test('it wants to know of the ends of handlers, whatever is logged', (t) => {
  const trimmer = createTrimmer(createTestClock(), () => undefined);
  t.ok(trimmer.isWanted('exited'));
  t.notOk(trimmer.isWanted('started'));
  const nobody = observers([]);
  t.notOk(nobody.isWanted('exited'));
  t.ok(observers([trimmer]).isWanted('exited'));
  t.end();
});

t.test('several observers each get what happens', (t) => {
  const seen: string[] = [];
  const observer = (name: string) => ({
    isWanted: () => false,
    observe: ({ kind }: Event) => void seen.push(`${name} ${kind}`),
  });
  observers([observer('one'), observer('two')]).observe(applied);
  t.strictSame(seen, ['one applied', 'two applied']);
  t.end();
});
