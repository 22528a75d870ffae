// Whatever a peer, a handler or a look-up gives us: in every log an entry is one line or one message, and nothing in it is raw.
import t, { type Test } from 'tap';
import type { Event, Observer } from '../../src/model/event.ts';
import { journalMessage } from '../../src/operate/journal-entry.ts';
import { createJsonLog } from '../../src/operate/json-log.ts';
import type { LoggedEvent } from '../../src/operate/log.ts';
import { createFollow } from '../../src/operate/log-follow.ts';
import { createRecords } from '../../src/operate/log-records.ts';
import { createLogSink } from '../../src/operate/log-sink.ts';
import { createSyslogLog } from '../../src/operate/syslog.ts';
import { createMessageFormat } from '../../src/operate/syslog-message.ts';
import { createXinetdDaemonLog } from '../../src/operate/xinetd-daemon-log.ts';
import { userLine } from '../../src/operate/xinetd-lines.ts';
import { createTestClock } from '../support/clock.ts';
import { golden } from '../support/events.ts';
import { parseJournalEntry } from '../support/journal.ts';

/** Control characters of all kinds, a colour, ends of lines, marks that turn letters around, half a character. */
const nasty = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code)),
  '\u007f\u0080\u0085\u009b31m',
  '\u001b[31mred\r\n{"level":"info"}\n<0>Jan  1 00:00:00 root: it was me\n',
  '\u200b\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029\ufeff\u00ad',
  '\ud800"\\]=',
].join('x');

const raw = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** The same event with that in each of its texts. */
const poison = (event: LoggedEvent): LoggedEvent => {
  const poisoned: LoggedEvent = JSON.parse(JSON.stringify(event), (key, value: unknown) =>
    typeof value === 'string' && key !== 'kind' ? `${value}${nasty}` : value,
  );
  return poisoned;
};

const events = Object.values(golden).map(([event]) => poison(event));

const isClean = (t: Test, line: string, what: string): void => {
  t.notMatch(line, raw, what);
  t.notMatch(line, /\p{Cs}/u, `${what} is whole characters`);
};

t.test('JSON lines', (t) => {
  let text = '';
  const sink = createLogSink(
    (bytes) => {
      text += Buffer.from(bytes).toString();
      return bytes.length;
    },
    (call) => call(),
  );
  const { observer, say } = createRecords([createJsonLog(sink, (record) => record)], 'debug');
  for (const event of events) observer.observe(event);
  say('warn', { event: 'diagnostic', deep: { list: [nasty] } }, nasty);
  const lines = text.split('\n').slice(0, -1);
  t.equal(lines.length, events.length + 1);
  for (const line of lines) {
    isClean(t, line, line.slice(0, 120));
    const { msg, ...fields }: Record<string, unknown> = JSON.parse(line);
    // nor does anything come out that reads the records and prints them
    t.notMatch(JSON.stringify(fields), /\\u00|\\n/, String(fields['event']));
    if (fields['event'] !== 'diagnostic') t.notMatch(String(msg), raw);
  }
  t.end();
});

t.test('messages of syslog', (t) => {
  const clock = createTestClock();
  for (const format of ['rfc3164', 'rfc5424'] as const) {
    const show = createMessageFormat(format, clock, 'acceptd', 77);
    const messages: string[] = [];
    const syslog = {
      send: (...[priority, text, about]: Parameters<typeof show>) =>
        void messages.push(show(priority, text, about)),
      flush: () => Promise.resolve(),
      finish: () => Promise.resolve(),
      lost: () => 0,
    };
    const send = (priority: number, text: string, about?: Parameters<typeof show>[2]): void =>
      syslog.send(priority, text, about);
    const log = createSyslogLog({ ...syslog, send }, 'daemon');
    const { observer, say } = createRecords([log], 'debug');
    for (const event of events) observer.observe(event);
    say('warn', { event: 'diagnostic' }, nasty);
    t.equal(messages.length, events.length + 1);
    for (const message of messages) {
      // what is sent is UTF-8, in which half a character is none
      isClean(t, Buffer.from(message).toString(), message.slice(0, 120));
      if (format === 'rfc5424') {
        const structure =
          /^<\d+>1 \S+ \S+ acceptd 77 [a-z-]+ (?:-|\[acceptd@32473(?: \w+="(?:[^"\\\]]|\\["\\\]])*")+\]) \S/;
        t.match(message, structure);
      }
    }
  }
  t.end();
});

t.test('entries of the journal', (t) => {
  const messages: Buffer[] = [];
  const sender = { ident: 'acceptd', pid: 77, facility: 'daemon' } as const;
  const { observer } = createRecords(
    [{ write: (entry) => void messages.push(Buffer.from(journalMessage(entry, sender))) }],
    'debug',
  );
  for (const event of events) observer.observe(event);
  t.equal(messages.length, events.length);
  for (const message of messages) {
    for (const [name, values] of parseJournalEntry(message)) {
      for (const value of values) isClean(t, value, name);
    }
  }
  t.end();
});

t.test('records for who follows', (t) => {
  const records: unknown[] = [];
  const { observer, follow } = createFollow(createTestClock());
  follow(undefined, (record) => records.push(record));
  for (const event of events) observer.observe(event);
  t.equal(records.length, events.length - 1, 'all but the one of level debug');
  for (const record of records) t.notMatch(JSON.stringify(record), /\\u00|\\n|[\p{Cf}\u0080-\u009f]/u);
  t.end();
});

t.test("xinetd's lines", (t) => {
  const lines: string[] = [];
  const log: { readonly observer: Observer } = createXinetdDaemonLog({
    write: (_, text) => void lines.push(text),
    version: 'acceptd 1',
    pid: 77,
  });
  const told = events.filter((event: Event) => log.observer.isWanted(event.kind));
  for (const event of told) log.observer.observe(event);
  t.ok(lines.length > 10);
  const settings = { id: 'a', onSuccess: new Set<never>(), onFailure: new Set<never>(), showsMapped: false };
  for (const line of [...lines, userLine(settings, nasty)])
    isClean(t, Buffer.from(line).toString(), line.slice(0, 100));
  t.end();
});
