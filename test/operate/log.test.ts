// The sentence and the severity of every event, and what a record has besides.
import t from 'tap';
import { createJsonLog } from '../../src/operate/json-log.ts';
import { describeEvent, levelOf } from '../../src/operate/log.ts';
import { createRecords } from '../../src/operate/log-records.ts';
import { createLogSink } from '../../src/operate/log-sink.ts';
import { golden, service } from '../support/events.ts';

t.test('each event has its sentence and its severity', (t) => {
  for (const [event, level, sentence] of Object.values(golden)) {
    t.equal(describeEvent(event), sentence);
    t.equal(levelOf(event.kind), level, event.kind);
  }
  t.end();
});

/** Records are not gathered here. */
const atOnce = (call: () => void): void => call();

const collect = (level: 'debug' | 'info' | 'warn' | 'silent') => {
  let text = '';
  const sink = createLogSink((bytes) => {
    text += Buffer.from(bytes).toString();
    return bytes.length;
  }, atOnce);
  const { observer } = createRecords([createJsonLog(sink, (record) => record)], level);
  return {
    observer,
    records: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line): unknown => JSON.parse(line)),
  };
};

t.test('one record an event, with its fields', (t) => {
  const { observer, records } = collect('debug');
  for (const [event] of Object.values(golden)) observer.observe(event);
  const all = records();
  t.equal(all.length, Object.keys(golden).length);
  t.match(all[0], { level: 'info', event: 'listening', service, address: 'tcp 127.0.0.1:79' });
  t.match(
    all.find((record) => JSON.stringify(record).includes('"event":"started"')),
    { service, pid: 12, peer: '[2001:db8::1]:4711' },
  );
  t.notMatch(JSON.stringify(all), '\u202e', 'what a handler said is there once, escaped');
  t.end();
});

t.test('a handler that a signal ended is a warning', (t) => {
  const { observer, records } = collect('warn');
  const [exited] = golden.exited;
  t.equal(observer.isWanted('exited'), true);
  t.equal(observer.isWanted('started'), false);
  observer.observe(exited);
  observer.observe({ ...exited, status: { kind: 'signal', signal: 11, dumpedCore: true } });
  t.match(records(), [{ level: 'warn', msg: /pid 12 ended after 2s, signal 11, core dumped/ }]);
  t.end();
});

t.test('silent is silent', (t) => {
  const { observer, records } = collect('silent');
  for (const [event] of Object.values(golden)) {
    t.equal(observer.isWanted(event.kind), false);
    observer.observe(event);
  }
  t.strictSame(records(), []);
  t.end();
});

t.test('a connection that is traced is no record', (t) => {
  const { observer, records } = collect('debug');
  t.equal(observer.isWanted('traced'), false);
  const moments = { ready: 1, accepted: 2, spawning: 3, spawned: 5, childBegan: 4, executing: 6, reaped: 7 };
  observer.observe({
    kind: 'traced',
    service,
    pid: 12,
    port: 4711,
    status: { kind: 'exit', code: 0 },
    ...moments,
  });
  t.strictSame(records(), []);
  t.end();
});

t.test('that records were lost is told before what comes next', (t) => {
  let text = '';
  let room = 0;
  let again: ((count: number) => void) | undefined;
  const sink = createLogSink((bytes, onTaken) => {
    if (room < bytes.length) {
      again = onTaken;
      return undefined;
    }
    text += Buffer.from(bytes).toString();
    return bytes.length;
  }, atOnce);
  const { observer } = createRecords([createJsonLog(sink, (record) => record)], 'info');
  for (let count = 0; count < 80_000; count++) observer.observe({ kind: 'resumed', service });
  room = Number.POSITIVE_INFINITY;
  again?.(0);
  observer.observe({ kind: 'stopped' });
  const lines = text.trim().split('\n');
  t.match(lines.at(-2), /"event":"log-dropped","count":\d+,"msg":"\d+ log records were lost"/);
  t.match(lines.at(-1), /"event":"stopped"/);
  const lost = Number(/"count":(\d+)/.exec(lines.at(-2) ?? '')?.[1]);
  t.equal(lost + lines.length - 2, 80_000, 'each was either written or counted');
  t.end();
});
