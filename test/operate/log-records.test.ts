// What acceptd tells of itself costs nothing where no log wants it.
import t from 'tap';
import type { Event } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { LogEntry } from '../../src/operate/log-entry.ts';
import { createRecords } from '../../src/operate/log-records.ts';

/** Ends of a handler of a client whose address says when it is made text. */
const watchedEnd = (status: { readonly code: number } | { readonly signal: number }) => {
  const seen = { times: 0 };
  const event: Event = {
    kind: 'exited',
    service: 'finger/tcp',
    pid: 7,
    status: 'code' in status ? { kind: 'exit', ...status } : { kind: 'signal', ...status, dumpedCore: false },
    duration: milliseconds(3),
    userTime: milliseconds(1),
    systemTime: milliseconds(1),
    peakKibibytes: undefined,
    peer: {
      kind: 'internet',
      get host() {
        seen.times += 1;
        return '192.0.2.1';
      },
      port: 4711,
    },
  };
  return { seen, event };
};

const recordsAt = (level: 'info' | 'warn') => {
  const written: LogEntry[] = [];
  const { observer } = createRecords([{ write: (entry) => written.push(entry) }], level);
  return { observer, written };
};

t.test('an event that others want is not even made text for a log that does not', async (t) => {
  const { observer, written } = recordsAt('warn');
  t.equal(observer.isWanted('exited'), true, 'for those that a signal ended');
  t.equal(observer.isWanted('started'), false);
  const good = watchedEnd({ code: 0 });
  observer.observe(good.event);
  t.equal(good.seen.times, 0, 'nobody has read it');
  t.strictSame(written, []);
  const bad = watchedEnd({ signal: 11 });
  observer.observe(bad.event);
  t.not(bad.seen.times, 0);
  t.match(written, [{ severity: 'warn', fields: { event: 'exited', peer: '192.0.2.1:4711' } }]);
});

t.test('at level info it is', async (t) => {
  const { observer, written } = recordsAt('info');
  observer.observe(watchedEnd({ code: 0 }).event);
  t.match(written, [{ severity: 'info', text: 'finger/tcp: pid 7 ended after 3ms, exit status 0' }]);
});
