// How daemons come up and go: what is awaited of each type, what they may say meanwhile, and how they are ended.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { type CommandLine, plainDaemon } from '../../../src/model/daemon.ts';
import { milliseconds, seconds } from '../../../src/model/quantity.ts';
import { ask, type DaemonOptions, daemonService, openSupervisor, pidAt } from '../../support/daemons.ts';
import { freePort } from '../../support/ports.ts';
import { tcp } from '../../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t);

/** Applies one service; its id and port, and how many events there were before. */
const run = async (options: DaemonOptions, id = 'daemon') => {
  const port = await freePort();
  await supervisor.apply([]);
  const since = events.length;
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { id, ...options })]);
  return { id, port, since };
};

const command = (file: string, ...words: readonly string[]): CommandLine => ({
  file,
  arguments: [file, ...words],
  expandsVariables: false,
  forgivesFailure: false,
  rights: 'service',
});
const shell = (script: string): CommandLine => command('/bin/sh', '-c', script);

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

t.test('a notify daemon is ready when it says so', async (t) => {
  const { port, since } = await run({
    words: ['say=STATUS=warming up', 'notify'],
    daemon: { type: 'notify' },
  });
  const pid = await pidAt(port);
  t.match(await until('daemon-ready', () => true, since), { pid });
  t.match(await until('daemon-said', ({ what }) => what === 'status', since), { text: 'warming up', pid });
});

t.test('one that never says so is stopped at its time, and what was awaited is told', async (t) => {
  const { port, since } = await run({
    words: ['deaf'],
    daemon: { type: 'notify', startTimeout: milliseconds(300) },
  });
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  await until('daemon-stopping', ({ why }) => why === 'start-timeout', since);
  t.match(await until('daemon-failed', () => true, since), {
    failure: { code: 'ETIMEDOUT', what: /was not ready after .*: it has not said READY=1/ },
  });
  client.destroy();
});

t.test('EXTEND_TIMEOUT_USEC gives more time', async (t) => {
  const { port, since } = await run({
    words: ['say=EXTEND_TIMEOUT_USEC=20000000'],
    daemon: { type: 'notify', startTimeout: seconds(5) },
  });
  t.ok((await pidAt(port, 'say READY=1')) > 0);
  await until('daemon-ready', () => true, since);
  t.notOk(events.slice(since).some(({ kind }) => kind === 'daemon-failed'));
});

t.test('a forking daemon is the process that its pid file names', async (t) => {
  const pidFile = join(directory, 'forked.pid');
  const { port, since } = await run({
    words: [`pid-file=${pidFile}`, 'fork'],
    daemon: { type: 'forking', pidFile },
  });
  const pid = await pidAt(port);
  t.match(await until('daemon-ready', () => true, since), { pid });
  t.match(supervisor.state().instances, [{ pid }], 'an orphan that is ours');
  t.strictSame(supervisor.checkConsistency(), []);
  await ask(port, 'exit 4');
  t.match(await until('daemon-failed', () => true, since), { failure: { what: /exit status 4/ } });
});

t.test('without a pid file it is the only process that is left', async (t) => {
  const { port, since } = await run({ words: ['fork'], daemon: { type: 'forking' } });
  const pid = await pidAt(port);
  await until('daemon-ready', () => true, since);
  // the one between its first process and the last may have been taken for it, until it ended
  await until('started', (event) => event.pid === pid, since);
  t.equal(events.slice(since).filter(({ kind }) => kind === 'daemon-ready').length, 1);
  const ended = until('exited', (event) => event.pid === pid, since);
  await supervisor.apply([]);
  t.match(await ended, { status: { signal: 15 } });
});

t.test('a line of its output can say that it is ready', async (t) => {
  const { port, since } = await run({
    words: ['late=now accepting'],
    daemon: { readiness: { kind: 'line', pattern: '^now acc' } },
  });
  const pid = await pidAt(port);
  t.match(await until('daemon-ready', () => true, since), { pid });
});

t.test('an exec daemon is ready when its program has been executed', async (t) => {
  const { port, since } = await run({ daemon: { type: 'exec' } });
  const pid = await pidAt(port);
  t.match(await until('daemon-ready', () => true, since), { pid });
});

t.test('commands run before it, after it, at its stop and after its end, in order', async (t) => {
  const path = join(directory, 'order');
  const note = (word: string): CommandLine => shell(`echo ${word} $MAINPID >> ${path}`);
  const { id, port, since } = await run({
    daemon: {
      startBefore: [note('before1'), note('before2')],
      startAfter: [note('after')],
      stop: [note('stop')],
      stopAfter: [note('ended')],
      reload: [note('reload')],
    },
  });
  const pid = await pidAt(port);
  await until('daemon-ready', () => true, since);
  t.equal(await supervisor.reloadDaemon(id), undefined);
  t.equal(await supervisor.restart(id), undefined);
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim());
  t.strictSame(lines.slice(0, 6), [
    'before1',
    'before2',
    `after ${pid}`,
    `reload ${pid}`,
    `stop ${pid}`,
    'ended',
  ]);
});

t.test('a command that fails keeps it from starting', async (t) => {
  const { port, since } = await run({ daemon: { startBefore: [shell('exit 7')] } });
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  t.match(await until('daemon-failed', () => true, since), {
    failure: { what: '/bin/sh ended with exit status 7' },
  });
  client.destroy();
});

t.test('a oneshot runs all its commands and may remain', async (t) => {
  const path = join(directory, 'oneshot');
  const { port, since, id } = await run({
    daemon: {
      type: 'oneshot',
      remainsAfterExit: true,
      furtherStarts: [shell(`echo second >> ${path}`)],
      stopAfter: [shell(`echo over >> ${path}`)],
    },
    rest: { answer: { kind: 'program', file: '/bin/sh', arguments: ['sh', '-c', `echo first >> ${path}`] } },
  });
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  await until('daemon-ready', () => true, since);
  t.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
  t.match(await supervisor.reloadDaemon(id), { code: 'ESRCH' });
  const again = events.length;
  const restarted = supervisor.restart(id);
  await until('daemon-ready', () => true, again);
  t.equal(await restarted, undefined);
  t.equal(readFileSync(path, 'utf8'), 'first\nsecond\nover\nfirst\nsecond\n');
  client.destroy();
});

t.test('a watchdog that is not fed ends it, and it is started again where that is said', async (t) => {
  const restart = { ...plainDaemon.restart, when: 'on-watchdog' as const, pause: milliseconds(1) };
  const { port, since } = await run({
    words: ['notify'],
    daemon: { type: 'notify', watchdog: seconds(2), restart },
  });
  const pid = await pidAt(port);
  t.match(await until('daemon-stopping', () => true, since), { why: 'watchdog', pid });
  t.match(await until('exited', (event) => event.pid === pid, since), {
    status: { kind: 'signal', signal: 6 },
  });
  t.match(await until('daemon-failed', () => true, since), { failure: { what: /WATCHDOG=1/ }, restartIn: 1 });
  await until('started', (event) => event.pid !== pid, since);
});

t.test('a daemon can ask for it itself', async (t) => {
  const { port, since } = await run({ words: ['notify'], daemon: { type: 'notify' } });
  await ask(port, 'say WATCHDOG=trigger');
  t.match(await until('daemon-stopping', () => true, since), { why: 'watchdog' });
});

t.test('who does not go at the first signal is killed, with all that it has started', async (t) => {
  const { port, since, id } = await run({
    words: ['child', 'stubborn'],
    ending: { timeout: milliseconds(200) },
  });
  const pid = await pidAt(port);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  t.ok(isThere(Number(children)));
  t.equal(await supervisor.restart(id), undefined);
  t.match(await until('exited', (event) => event.pid === pid, since), { status: { signal: 9 } });
  t.notOk(isThere(Number(children)), 'its child too');
});

t.test('in mode mixed only the main process is asked, and the rest goes with it', async (t) => {
  const { port, id } = await run({ words: ['child'], ending: { mode: 'mixed', timeout: seconds(60) } });
  const pid = await pidAt(port);
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  t.equal(await supervisor.restart(id), undefined);
  t.notOk(isThere(child));
});

const notifySocketOf = (pid: number): string | undefined =>
  /NOTIFY_SOCKET=(@[^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];

t.test('in mode process the others go on, and cannot speak for the next run', async (t) => {
  const { port, id } = await run({ words: ['child'], ending: { mode: 'process' } });
  const pid = await pidAt(port);
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  const heard = notifySocketOf(child);
  t.match(heard, /^@/);
  t.equal(await supervisor.restart(id), undefined);
  t.ok(isThere(child));
  t.not(notifySocketOf(await pidAt(port)), heard);
  process.kill(child, 'SIGKILL');
});

t.test('its time can be limited', async (t) => {
  const { port, since } = await run({ lifetime: { longest: seconds(1) } });
  await pidAt(port);
  t.match(await until('daemon-stopping', () => true, since), { why: 'runtime-limit' });
});

t.test('who is not of the service is not listened to', async (t) => {
  const { port, since } = await run({ words: ['notify'], daemon: { type: 'notify', notifyAccess: 'none' } });
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  t.match(await until('notify-ignored', () => true, since), { why: /takes no messages/ });
  client.destroy();
});

t.test(
  'descriptors that it leaves with us are there at its next start, and go with the service',
  async (t) => {
    const { port, id } = await run({ words: ['notify'], daemon: { type: 'notify', storeLimit: 4 } });
    const client = createConnection({ port, host: '127.0.0.1' });
    client.write('store kept\n');
    const [text] = await once(client, 'data');
    t.equal(String(text), 'stored\n');
    t.equal(await supervisor.restart(id), undefined);
    t.match(await ask(port, 'names'), /^2 .*:kept$/);
    const closed = once(client, 'close');
    client.resume();
    await supervisor.apply([]);
    await closed;
    t.pass('the connection that it had left is closed with the service');
  },
);

t.test(
  'an idle daemon is stopped, and one with a connection is not; the next client starts it again',
  async (t) => {
    const { id, port, since } = await run({ daemon: { idleStop: milliseconds(600) } });
    const pid = await pidAt(port);
    t.match(await until('daemon-stopping', () => true, since), { why: 'idle', pid });
    await until('exited', () => true, since);
    const client = createConnection({ port, host: '127.0.0.1' });
    client.write('hold\n');
    await once(client, 'data');
    const again = events.length;
    // one that has begun later, and is idle before
    const daemon = { idleStop: milliseconds(600) };
    const other = await freePort();
    await supervisor.apply([
      daemonService(directory, [tcp('127.0.0.1', port)], { id, daemon }),
      daemonService(directory, [tcp('127.0.0.1', other)], { id: 'other', daemon }),
    ]);
    await pidAt(other);
    await until('daemon-stopping', ({ service }) => service === 'other', again);
    t.notOk(events.slice(again).some((event) => event.kind === 'daemon-stopping' && event.service === id));
    t.match(supervisor.steering.describe(id), { live: 1 });
    client.destroy();
  },
);

t.test('what waits at its end is turned away where that is said', async (t) => {
  const { port, since } = await run({
    words: ['end=0'],
    daemon: { flushesPending: true, startLimit: undefined },
  });
  const client = createConnection({ port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  await once(client, 'close');
  await until('exited', () => true, since);
  t.equal(events.slice(since).filter(({ kind }) => kind === 'started').length, 1);
});
