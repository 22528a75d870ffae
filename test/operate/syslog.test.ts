// Messages reach the system's logger as the C library writes them; one that is slow, gone or new stops nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import type { LogNotice } from '../../src/operate/log-notice.ts';
import { createSyslog, type SyslogOptions } from '../../src/operate/syslog.ts';
import { priorityOf } from '../../src/operate/syslog-message.ts';
import { createTestClock } from '../support/clock.ts';
import { listenAt, openEngine, readable, unixAt } from '../support/engine.ts';

const { kernel } = openEngine(t);
const patience = 10_000;
const date = new Date(2026, 10, 1, 1, 26, 8, 500);

const openLog = (path: string, rest: Partial<SyslogOptions> = {}) => {
  const notices: LogNotice[] = [];
  const clock = createTestClock(0, date);
  const log = createSyslog({
    kernel,
    clock,
    tell: (notice) => void notices.push(notice),
    path,
    format: 'rfc3164',
    ident: 'xinetd',
    pid: 77,
    ...rest,
  });
  return { ...log, clock, notices, kinds: () => notices.map(({ kind }) => kind) };
};

/** A logger that takes datagrams when it is told to. */
const bindLogger = (path: string): Descriptor => {
  const logger = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(logger, unixAt(path, 'dgram'));
  kernel.setBlocking(logger, false);
  return logger;
};

const room = Buffer.alloc(1_048_576);

const readNow = (logger: Descriptor): string | undefined => {
  const length = kernel.read(logger, room, 'take');
  return length === undefined ? undefined : room.toString('utf8', 0, length);
};

/** Everything that is there now. */
const readAll = (logger: Descriptor): string[] => {
  const messages: string[] = [];
  for (let next = readNow(logger); next !== undefined; next = readNow(logger)) messages.push(next);
  return messages;
};

/** Takes messages until nobody has any more to give. */
const serveUntil = async (logger: Descriptor, isDone: Promise<void>): Promise<string[]> => {
  const messages: string[] = [];
  kernel.watch(logger, () => messages.push(...readAll(logger)));
  await isDone;
  kernel.unwatch(logger);
  return [...messages, ...readAll(logger)];
};

/** Short enough for the address of a unix socket. */
const place = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'log');
};
const daemonInfo = priorityOf('daemon', 'info');

t.test('facilities and levels are the numbers of RFC 5424', (t) => {
  t.equal(priorityOf('kern', 'emerg'), 0);
  t.equal(daemonInfo, 30);
  t.equal(priorityOf('authpriv', 'notice'), 85);
  t.equal(priorityOf('ftp', 'debug'), 95);
  t.equal(priorityOf('local0', 'err'), 131);
  t.equal(priorityOf('local7', 'debug'), 191);
  t.end();
});

t.test('a message is what syslog(3) would have sent', async (t) => {
  const path = place(t);
  const logger = bindLogger(path);
  const log = openLog(path);
  log.send(daemonInfo, 'START: b pid=5 from=192.0.2.7');
  log.send(priorityOf('local3', 'warning'), 'second');
  t.strictSame(readAll(logger), [], 'they are gathered');
  log.clock.advance(10);
  t.strictSame(readAll(logger), [
    '<30>Nov  1 01:26:08 xinetd[77]: START: b pid=5 from=192.0.2.7',
    '<156>Nov  1 01:26:08 xinetd[77]: second',
  ]);
  await log.finish(patience);
  t.strictSame(log.notices, []);
  kernel.close(logger);
});

t.test('RFC 5424 says apart whom a line is about, and nothing in it can end early', async (t) => {
  const path = place(t);
  const logger = bindLogger(path);
  const log = openLog(path, { format: 'rfc5424' });
  const peer = { kind: 'internet', host: '192.0.2.7', port: 4711 } as const;
  log.send(daemonInfo, 'START: a"]\\ pid=5', { service: 'a"]\\', pid: 5, peer });
  log.send(daemonInfo, 'FAIL: b address', { service: 'b', pid: undefined, peer: undefined });
  log.send(daemonInfo, 'Exiting...');
  await log.finish(patience);
  const head = `<30>1 ${date.toISOString()} [!-~]+ xinetd 77`;
  const [start, fail, plain] = readAll(logger);
  const value = String.raw`a\"\]\\`;
  t.match(
    start?.replace(/^\S+ \S+ \S+/, ''),
    ` xinetd 77 START [acceptd@32473 service="${value}" pid="5" peer="192.0.2.7" port="4711"] START: a"]\\ pid=5`,
  );
  t.match(fail, new RegExp(`^${head} FAIL \\[acceptd@32473 service="b"\\] FAIL: b address$`));
  t.match(plain, new RegExp(`^${head} - - Exiting\\.\\.\\.$`));
  kernel.close(logger);
});

t.test('a logger that listens for streams gets messages that end with a NUL, each whole', async (t) => {
  const path = place(t);
  const listener = listenAt(kernel, unixAt(path));
  const log = openLog(path);
  const texts = Array.from({ length: 9_000 }, (_, index) => `message ${index} ${'x'.repeat(index % 50)}`);
  for (const text of texts) log.send(daemonInfo, text);
  const flushed = log.flush(patience);
  await readable(kernel, listener);
  const [client] = kernel.accept(listener, 1);
  if (client === undefined) throw new Error('nobody has come');
  const got = (await serveUntil(client.descriptor, flushed)).join('');
  t.equal(got, texts.map((text) => `<30>Nov  1 01:26:08 xinetd[77]: ${text}\0`).join(''));
  await log.finish(patience);
  t.strictSame(log.notices, []);
  kernel.close(client.descriptor);
  kernel.close(listener);
});

t.test(
  'a stream that breaks within a message goes on with the next one, whole, on the next stream',
  async (t) => {
    const path = place(t);
    const first = listenAt(kernel, unixAt(path));
    const log = openLog(path);
    const long = 'x'.repeat(90_000);
    for (let index = 0; index < 10; index++) log.send(daemonInfo, `${index} ${long}`);
    log.clock.advance(10);
    const [client] = kernel.accept(first, 1);
    if (client === undefined) throw new Error('nobody has come');
    kernel.closeListener(first);
    rmSync(path);
    const second = listenAt(kernel, unixAt(path));
    kernel.close(client.descriptor);
    const flushed = log.flush(patience);
    await readable(kernel, second);
    const [successor] = kernel.accept(second, 1);
    if (successor === undefined) throw new Error('nobody has come again');
    const got = (await serveUntil(successor.descriptor, flushed)).join('').split('\0').slice(0, -1);
    t.ok(got.length > 0 && got.length < 10);
    for (const message of got) t.match(message, /^<30>Nov {2}1 01:26:08 xinetd\[77\]: \d x+$/);
    t.match(got.at(-1), /: 9 x+$/);
    await log.finish(patience);
    t.strictSame(log.kinds(), ['log-lost']);
    t.equal(log.notices[0]?.lost, 1, 'the one that was cut; what the first stream had is not known');
    kernel.close(successor.descriptor);
    kernel.close(second);
  },
);

t.test(
  'a logger that does not read is not waited for; what does not fit is counted and told when there is room',
  async (t) => {
    const path = place(t);
    const logger = bindLogger(path);
    const log = openLog(path);
    const count = 60_000;
    for (let index = 0; index < count; index++) {
      log.send(daemonInfo, `message ${index}`);
      if (index % 100 === 0) log.clock.advance(10);
    }
    t.strictSame(log.notices, [], 'nothing is told while it could not be read');
    const messages = await serveUntil(logger, log.flush(patience));
    t.strictSame(log.kinds(), ['log-lost']);
    const lost = log.notices[0]?.lost ?? 0;
    t.ok(lost > 0);
    t.equal(messages.length + lost, count);
    const last = messages.length - 1;
    t.match(messages[last], new RegExp(`: message ${last}$`), 'the oldest ones are kept, in order');
    log.send(daemonInfo, 'after');
    await log.finish(patience);
    t.match(readAll(logger), [/: after$/]);
    kernel.close(logger);
  },
);

t.test('a logger that was started anew is found at once, nothing is lost', async (t) => {
  const path = place(t);
  const first = bindLogger(path);
  const log = openLog(path);
  log.send(daemonInfo, 'one');
  await log.flush(patience);
  t.match(readAll(first), [/one$/]);
  kernel.close(first);
  rmSync(path);
  const second = bindLogger(path);
  log.send(daemonInfo, 'two');
  await log.flush(patience);
  t.match(readAll(second), [/two$/]);
  t.strictSame(log.notices, []);
  await log.finish(patience);
  kernel.close(second);
});

t.test('a logger that leaves while it is full is noticed', async (t) => {
  const path = place(t);
  const first = bindLogger(path);
  const log = openLog(path);
  for (let index = 0; index < 2_000; index++) log.send(daemonInfo, `message ${index}`);
  log.clock.advance(10);
  const flushed = log.flush(patience);
  const got = readAll(first);
  rmSync(path);
  const second = bindLogger(path);
  kernel.close(first);
  const rest = await serveUntil(second, flushed);
  const texts = [...got, ...rest].map((message) => message.replace(/.*: /, ''));
  // what the kernel had given to the first logger and it had not read is gone with it, as always
  t.equal(texts.at(-1), 'message 1999');
  t.ok(rest.length > 0);
  await log.finish(patience);
  kernel.close(second);
});

t.test(
  'a logger that is not there is told once, tried again more and more seldom, and gets what waited',
  async (t) => {
    const path = place(t);
    const log = openLog(path);
    log.send(daemonInfo, 'early');
    for (let count = 0; count < 100; count++) {
      log.clock.advance(100);
      log.send(daemonInfo, 'more');
    }
    t.strictSame(log.kinds(), ['log-failed']);
    t.match(log.notices[0], {
      severity: 'error',
      log: 'syslog',
      text: `cannot reach syslog at ${path}: no such file or directory; what is logged to it waits, and everybody is served`,
    });
    t.equal(log.clock.waiting(), 1);
    const logger = bindLogger(path);
    log.clock.advance(5_000);
    const messages = await serveUntil(logger, log.flush(patience));
    t.match(messages[0], /: early$/);
    t.equal(messages.length, 101);
    t.strictSame(log.kinds(), ['log-failed', 'log-restored']);
    await log.finish(patience);
    kernel.close(logger);
  },
);

t.test('a message that is too long for the socket is counted and keeps no other one back', async (t) => {
  const path = place(t);
  const logger = bindLogger(path);
  const log = openLog(path);
  log.send(daemonInfo, 'one');
  log.send(daemonInfo, 'x'.repeat(900_000));
  log.send(daemonInfo, 'two');
  await log.finish(patience);
  t.match(readAll(logger), [/: one$/, /: two$/]);
  t.match(log.notices, [{ kind: 'log-lost', lost: 1, text: '1 line was lost on the way to syslog' }]);
  kernel.close(logger);
});

t.test(
  'at the end nothing waits for a logger that does not come; what it did not get is counted',
  async (t) => {
    const log = openLog(place(t));
    for (let count = 0; count < 3; count++) log.send(daemonInfo, 'never');
    await log.finish(1);
    t.strictSame(log.kinds(), ['log-failed', 'log-lost']);
    t.equal(log.notices[1]?.lost, 3);
    t.equal(log.clock.waiting(), 0);
  },
);
