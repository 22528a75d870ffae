// Entries reach the journal in its own protocol, long ones as a sealed file; one that does not read stops nothing.
import { closeSync, fstatSync, mkdtempSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { receiveNotify } from '../../src/native/notify.ts';
import { createJournal, isJournalStream } from '../../src/operate/journal.ts';
import { journalMessage } from '../../src/operate/journal-entry.ts';
import { entryOf, type LogEntry } from '../../src/operate/log-entry.ts';
import type { LogNotice } from '../../src/operate/log-notice.ts';
import { messageIds } from '../../src/operate/message-ids.ts';
import { createTestClock } from '../support/clock.ts';
import { openEngine, unixAt } from '../support/engine.ts';
import { golden } from '../support/events.ts';
import { type JournalEntry, parseJournalEntry } from '../support/journal.ts';

const { kernel } = openEngine(t);
const patience = 10_000;
const sender = { ident: 'acceptd', pid: 77, facility: 'daemon' } as const;

const parse = (entry: LogEntry): JournalEntry =>
  parseJournalEntry(Buffer.from(journalMessage(entry, sender)));

const own = (text: string, fields: Readonly<Record<string, unknown>> = {}): LogEntry => ({
  severity: 'warn',
  fields: { event: 'diagnostic', ...fields },
  text,
  about: undefined,
});

t.test('an event is its sentence, its severity, its number, and its fields by name', (t) => {
  const [event] = golden.exited;
  t.strictSame(Object.fromEntries(parse(entryOf(event))), {
    MESSAGE: ['finger/tcp: pid 12 ended after 2s, exit status 3'],
    PRIORITY: ['6'],
    SYSLOG_IDENTIFIER: ['acceptd'],
    SYSLOG_FACILITY: ['3'],
    SYSLOG_PID: ['77'],
    MESSAGE_ID: [messageIds.get('exited')],
    ACCEPTD_EVENT: ['exited'],
    ACCEPTD_SERVICE: ['finger/tcp'],
    ACCEPTD_PID: ['12'],
    ACCEPTD_PEER: ['[2001:db8::1]:4711'],
    ACCEPTD_STATUS_KIND: ['exit'],
    ACCEPTD_STATUS_CODE: ['3'],
    ACCEPTD_DURATION: ['2000'],
    ACCEPTD_USER_TIME: ['1'],
    ACCEPTD_SYSTEM_TIME: ['2'],
    CLIENT_ADDRESS: ['2001:db8::1'],
    CLIENT_PORT: ['4711'],
    PROCESS_PID: ['12'],
    PROCESS_EXIT_CODE: ['3'],
  });
  const [failed] = golden['listen-failed'];
  const fields = parse(entryOf(failed));
  t.strictSame(fields.get('PRIORITY'), ['3']);
  t.strictSame(fields.get('ACCEPTD_FAILURE_CODE'), ['EADDRINUSE']);
  t.strictSame(
    ['SERVER_ADDRESS', 'SERVER_PORT', 'NETWORK_TRANSPORT'].map((name) => fields.get(name)),
    [['127.0.0.1'], ['79'], ['tcp']],
  );
  const [said] = golden['handler-said'];
  t.match(parse(entryOf(said)).get('MESSAGE'), [/^finger\/tcp\[12\]: bad /], 'and whose line it is');
  t.end();
});

t.test('several lines are told with their length, lists are a field each, what is deep is JSON', (t) => {
  const fields = parse(
    own('one=1\ntwo\n', { dropped: ['a', 'b'], at: { file: '/x', line: 3 }, services: [{ id: 'a' }] }),
  );
  t.strictSame(fields.get('MESSAGE'), ['one=1\ntwo\n']);
  t.strictSame(fields.get('ACCEPTD_DROPPED'), ['a', 'b']);
  t.strictSame(fields.get('ACCEPTD_AT_FILE'), ['/x']);
  t.strictSame(fields.get('ACCEPTD_AT_LINE'), ['3']);
  t.strictSame(fields.get('ACCEPTD_SERVICES'), ['[{"id":"a"}]']);
  t.end();
});

/** A journal's socket, and all that is in it when it is read. */
const openPlace = (t: Test) => {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'socket');
  const bind = (): Descriptor => {
    const socket = kernel.openSocket('unix', 'dgram');
    kernel.bindUnix(socket, unixAt(path, 'dgram'));
    kernel.setBlocking(socket, false);
    return socket;
  };
  const notices: LogNotice[] = [];
  const clock = createTestClock();
  const journal = createJournal({ ...sender, kernel, clock, path, tell: (notice) => notices.push(notice) });
  return { path, bind, notices, clock, journal };
};

/** Throws where the file could still be changed. */
const readSealed = (descriptor: Descriptor): Buffer => {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  t.throws(() => writeSync(descriptor, 'x', 0), { code: 'EPERM' });
  closeSync(descriptor);
  return bytes;
};

const room = Buffer.alloc(262_144);

/** The next message; those that come as a file are read from there. */
const take = (socket: Descriptor): JournalEntry | undefined => {
  const peeked = kernel.read(socket, room, 'peek');
  if (peeked === undefined) return undefined;
  if (peeked > 0) {
    kernel.read(socket, room, 'take');
    return parseJournalEntry(Buffer.from(room.subarray(0, peeked)));
  }
  const [file] = receiveNotify(socket)?.descriptors ?? [];
  if (file === undefined) throw new Error('an empty message without a file');
  return parseJournalEntry(readSealed(file));
};

const takeAll = (socket: Descriptor): readonly JournalEntry[] => {
  const entries: JournalEntry[] = [];
  for (let next = take(socket); next !== undefined; next = take(socket)) entries.push(next);
  return entries;
};

const texts = (entries: readonly JournalEntry[]): readonly (string | undefined)[] =>
  entries.map((entry) => entry.get('MESSAGE')?.[0]);

t.test('an entry too long for a datagram comes in its place, as a file that nobody can change', async (t) => {
  const { bind, journal, notices } = openPlace(t);
  const socket = bind();
  const long = 'x'.repeat(700_000);
  for (const text of ['one', long, 'two']) journal.write(own(text));
  await journal.finish(patience);
  t.strictSame(texts(takeAll(socket)), ['one', long, 'two']);
  t.strictSame(notices, []);
  t.equal(journal.lost(), 0);
  kernel.close(socket);
});

t.test(
  'a journal that does not read is not waited for; what is lost is counted, told, and known in all',
  async (t) => {
    const { bind, journal, notices, clock } = openPlace(t);
    const socket = bind();
    const count = 3_000;
    for (let index = 0; index < count; index++) {
      journal.write(own(`${index} ${'x'.repeat(500)}`));
      if (index % 100 === 0) clock.advance(10);
    }
    t.strictSame(notices, [], 'nothing is told while there is no room for it');
    const got: JournalEntry[] = [];
    kernel.watch(socket, () => got.push(...takeAll(socket)));
    await journal.flush(patience);
    kernel.unwatch(socket);
    got.push(...takeAll(socket));
    t.match(notices, [{ kind: 'log-lost', log: 'journald' }]);
    t.ok(journal.lost() > 0);
    t.equal(notices[0]?.lost, journal.lost());
    t.equal(got.length + journal.lost(), count);
    await journal.finish(patience);
    kernel.close(socket);
  },
);

t.test('a journal that is not there yet, and one that was started anew, get what waited', async (t) => {
  const { path, bind, journal, notices, clock } = openPlace(t);
  journal.write(own('early'));
  clock.advance(10);
  t.match(notices, [
    { kind: 'log-failed', text: /^cannot reach journald at .*: no such file or directory;/ },
  ]);
  const first = bind();
  await journal.flush(patience);
  clock.advance(100);
  await journal.flush(patience);
  t.strictSame(texts(takeAll(first)), ['early']);
  kernel.close(first);
  rmSync(path);
  const second = bind();
  journal.write(own('late'));
  await journal.flush(patience);
  t.strictSame(texts(takeAll(second)), ['late']);
  t.strictSame(
    notices.map(({ kind }) => kind),
    ['log-failed', 'log-restored'],
  );
  await journal.finish(patience);
  kernel.close(second);
});

t.test('a stream is the journal when its device and inode are the ones told', (t) => {
  const { dev, ino } = fstatSync(0, { bigint: true });
  t.equal(isJournalStream(`${dev}:${ino}`, 0), true);
  t.equal(isJournalStream(`${dev}:${ino + 1n}`, 0), false);
  t.equal(isJournalStream('', 0), false);
  t.equal(isJournalStream(undefined, 0), false);
  t.equal(isJournalStream(`${dev}:${ino}`, 100_000), false);
  t.end();
});
