// The end of a server that nobody uses, by a clock that the test drives.
import t from 'tap';
import type { Event } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import { createIdleExit } from '../../src/operate/idle-exit.ts';
import { createTestClock } from '../support/clock.ts';

const end: Event = {
  kind: 'builtin-ended',
  service: 'relay',
  peer: { kind: 'unix', pid: 1, uid: 0, gid: 0 },
  duration: milliseconds(1),
  outcome: 'ended',
};

t.test('who was answered before an upgrade is waited for after it', async (t) => {
  const clock = createTestClock();
  let stops = 0;
  const count = (): void => {
    stops += 1;
  };
  const { observe } = createIdleExit(clock, milliseconds(100), count, 2);
  clock.advance(1_000);
  observe(end);
  clock.advance(1_000);
  t.equal(stops, 0, 'one goes on');
  observe(end);
  clock.advance(99);
  t.equal(stops, 0);
  clock.advance(1);
  t.equal(stops, 1);
});

t.test('a server that nobody comes to ends after its time', async (t) => {
  const clock = createTestClock();
  let stops = 0;
  createIdleExit(clock, milliseconds(100), () => {
    stops += 1;
  });
  clock.advance(100);
  t.equal(stops, 1);
});
