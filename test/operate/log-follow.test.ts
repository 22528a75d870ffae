// Who follows sees what happens from then on; while nobody does, no event is made for it.
import t from 'tap';
import type { LogRecord } from '../../src/model/control.ts';
import { createFollow } from '../../src/operate/log-follow.ts';
import { createTestClock } from '../support/clock.ts';
import { golden, service } from '../support/events.ts';

const [started] = golden.started;
const [held] = golden.held;
const [applied] = golden.applied;

t.test('events are wanted only while somebody follows', (t) => {
  const { observer, follow } = createFollow(createTestClock());
  t.equal(observer.isWanted('started'), false);
  const end = follow(undefined, () => undefined);
  const another = follow('other', () => undefined);
  t.equal(observer.isWanted('started'), true);
  t.equal(observer.isWanted('held'), false, 'level debug');
  t.equal(observer.isWanted('traced'), false);
  end();
  t.equal(observer.isWanted('started'), true);
  another();
  another();
  t.equal(observer.isWanted('started'), false);
  t.end();
});

t.test('a follower of a service gets what is of it, one of all gets everything', (t) => {
  const date = new Date('2026-11-26T10:00:00.000Z');
  const { observer, say, follow } = createFollow(createTestClock(0, date));
  const all: LogRecord[] = [];
  const some: LogRecord[] = [];
  observer.observe(started);
  const end = follow(undefined, (record) => all.push(record));
  follow(service, (record) => some.push(record));
  observer.observe(held);
  observer.observe(started);
  observer.observe(applied);
  observer.observe({ ...started, service: 'other/tcp' });
  say('warn', { event: 'option' }, 'a warning');
  t.strictSame(some, [
    {
      level: 'info',
      time: '2026-11-26T10:00:00.000Z',
      event: 'started',
      service,
      pid: 12,
      peer: '[2001:db8::1]:4711',
      msg: 'finger/tcp: started pid 12 for [2001:db8::1]:4711',
    },
  ]);
  t.strictSame(
    all.map(({ event }) => event),
    ['started', 'applied', 'started', 'option'],
  );
  end();
  observer.observe(started);
  t.equal(all.length, 4);
  t.equal(some.length, 2);
  t.end();
});
