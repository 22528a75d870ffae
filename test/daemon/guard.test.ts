// acceptd under its guard: nobody is refused, reset or left unserved when acceptd is killed.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { guardProgram } from '../../src/native/guard-program.ts';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { exchange, exchangeDatagram } from '../support/client.ts';
import { run } from '../support/command.ts';
import { listenAt, openEngine, unixAt } from '../support/engine.ts';
import { createManager, mainModule } from '../support/manager.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { childrenOf, connectUnix, enter, me, readSome, readToEnd } from './scene.ts';

t.setTimeout(180_000);

/** The acceptd of a guard that runs now; handlers that have lost theirs are its children too. */
const guardedBy = (guard: number): number => {
  const found = childrenOf(guard).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mainModule);
    } catch {
      // a handler that has ended since they were listed
      return false;
    }
  });
  if (found === undefined) throw new Error('the guard has no acceptd');
  return Number(found);
};

/** tap's own are too long for the address of a socket. */
const shortDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-guard-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

const restarts = ({ records }: Acceptd): number =>
  records.filter(({ event }) => event === 'restarted').length;

const say = (place: string, word: string): string =>
  `${place} stream tcp nowait ${me} /bin/echo echo ${word}\n`;

const serve = (t: Test, config: string): Promise<Acceptd> =>
  startAcceptd(t, { config, arguments: ['--guard', '--drain', '5'] });

t.test('acceptd is killed again and again, and everybody is served', async (t) => {
  const [v4 = 0, both = 0, talk = 0, udp = 0] = await freePorts(4);
  const path = join(shortDirectory(t), 'unix.sock');
  const acceptd = await serve(
    t,
    [
      `127.0.0.1:${v4} stream tcp nowait ${me} /bin/cat cat`,
      `127.0.0.1:${talk} stream tcp nowait ${me} /bin/cat cat`,
      `127.0.0.1:${udp} dgram udp nowait ${me} internal echo`,
      `${path} stream unix nowait ${me} /bin/echo echo unix`,
      say(String(both), 'both'),
    ].join('\n'),
  );
  const session = await enter(talk);
  const clients = (): readonly Promise<unknown>[] => [
    ...Array.from({ length: 8 }, (_, index) => exchange(v4, `hello ${index}`, { timeout: 60_000 })),
    exchange(both, '', { timeout: 60_000 }),
    exchange(both, '', { host: '::1', timeout: 60_000 }),
    connectUnix(path).then(readToEnd),
    exchangeDatagram(udp, () => Buffer.from('datagram'), { timeout: 60_000 }).then(String),
  ];
  const answers = [
    ...Array.from({ length: 8 }, (_, index) => `hello ${index}`),
    'both\n',
    'both\n',
    'unix\n',
    'datagram',
  ];
  t.strictSame(await Promise.all(clients()), answers);
  for (let round = 1; round <= 4; round++) {
    const killed = guardedBy(acceptd.pid);
    // clients have their answers before their handlers have ended: the session's alone is left
    await until(() => childrenOf(acceptd.pid).length + childrenOf(killed).length === 2);
    // it has accepted nobody whom it has not given to a handler: they all come to its listeners
    process.kill(killed, 'SIGSTOP');
    const coming = clients();
    process.kill(killed, 'SIGKILL');
    const more = clients();
    t.strictSame(await Promise.all(coming), answers, `round ${round}`);
    t.strictSame(await Promise.all(more), answers);
    session.write(`still here ${round}`);
    t.equal(await readSome(session), `still here ${round}`, 'who is served is served on');
    const { fields } = await acceptd.waitFor(
      ({ event, fields }) => event === 'restarted' && fields['count'] === round,
      `restart ${round}`,
    );
    t.match(fields, { level: 'warn', how: 'signal 9', orphans: 1 });
    t.not(guardedBy(acceptd.pid), killed);
  }
  t.equal(restarts(acceptd), 4, 'one record each');
  t.notOk(acceptd.records.some(({ event }) => /inherited-unused|listen-failed|notify/.test(event)));
  session.destroy();
  t.equal(await acceptd.stop(), 0);
  t.notOk(existsSync(path), 'a stop is a stop');
});

t.test('what a reload has closed or opened is so after a failure', async (t) => {
  const [stays = 0, goes = 0, comes = 0] = await freePorts(3);
  const first = say(`127.0.0.1:${stays}`, 'stays');
  const acceptd = await serve(t, first + say(`127.0.0.1:${goes}`, 'goes'));
  await acceptd.reload(first + say(`127.0.0.1:${comes}`, 'comes'));
  t.equal(await exchange(comes, ''), 'comes\n');
  process.kill(guardedBy(acceptd.pid), 'SIGKILL');
  t.equal(await exchange(comes, '', { timeout: 60_000 }), 'comes\n');
  t.equal(await exchange(stays, ''), 'stays\n');
  await t.rejects(exchange(goes, ''), /ECONNREFUSED/);
  t.equal(await acceptd.stop(), 0);
});

t.test('handlers find nothing of the guard, and signals reach acceptd', async (t) => {
  const port = await freePort();
  const config = `env on bind = 127.0.0.1, port = ${port}, user = ${me}, exec = /usr/bin/env, passenv = "*" ;\n`;
  const acceptd = await serve(t, config);
  process.kill(guardedBy(acceptd.pid), 'SIGKILL');
  const seen = await exchange(port, '', { timeout: 60_000 });
  t.match(seen, /^PATH=/m);
  // ACCEPTD_CONTROL is the test's own, and `*` is everything
  t.notMatch(seen, /^(?:NOTIFY_|WATCHDOG_|FDSTORE|ACCEPTD_(?!CONTROL=))/m);
  const from = acceptd.records.length;
  acceptd.signal('SIGUSR1');
  await acceptd.waitFor(({ event }) => event === 'state', 'the state', from);
  await acceptd.reload(config);
  acceptd.signal('SIGQUIT');
  t.equal(await acceptd.ended(), 0);
});

t.test('an acceptd whose loop does not turn is started again', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: say(`127.0.0.1:${port}`, 'here'),
    under: [guardProgram, '--watchdog', '1'],
  });
  process.kill(guardedBy(acceptd.pid), 'SIGSTOP');
  t.equal(await exchange(port, '', { timeout: 60_000 }), 'here\n');
  await acceptd.waitFor(({ fields }) => fields['how'] === 'watchdog', 'the restart');
  t.equal(await acceptd.stop(), 0);
});

t.test('an acceptd whose guard is killed ends as at TERM, and leaves the ports', async (t) => {
  const port = await freePort();
  const acceptd = await serve(t, `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`);
  const client = await enter(port);
  const own = guardedBy(acceptd.pid);
  acceptd.signal('SIGKILL');
  await acceptd.waitFor(({ event }) => event === 'draining', 'the drain');
  client.write('last');
  t.equal(await readSome(client), 'last');
  client.end();
  await until(() => !existsSync(`/proc/${own}`));
  await t.rejects(exchange(port, ''), /ECONNREFUSED/);
});

t.test('a manager above hears of acceptd through the guard, which passes on its sockets', async (t) => {
  const engine = openEngine(t);
  const place = join(shortDirectory(t), 'unix.sock');
  const manager = createManager(t, engine, `${place} stream unix nowait ${me} /bin/echo echo unix\n`);
  const descriptor = listenAt(engine.kernel, unixAt(place));
  t.teardown(() => engine.kernel.close(descriptor));
  const words = ['run', '--guard', '-f', join(manager.directory, 'acceptd.conf'), '--log-format', 'json'];
  const started = manager.start(words, [{ name: 'unix', descriptor }], { WATCHDOG_USEC: '2000000' });
  t.match(await manager.next(/^READY=1$/m), /^STATUS=1 service, 1 listener, 0 instances$/m);
  t.equal(await readToEnd(await connectUnix(place)), 'unix\n');
  await manager.next(/^WATCHDOG=1$/m);
  process.kill(guardedBy(started.pid), 'SIGKILL');
  await manager.next(/^STATUS=acceptd ended \(signal 9\), starting it again in 0 ms$/m);
  await manager.next(/^READY=1$/m);
  t.equal(await readToEnd(await connectUnix(place)), 'unix\n');
  process.kill(started.pid, 'SIGTERM');
  await manager.next(/^STOPPING=1$/m);
  t.equal(await started.ended(), 0);
  t.ok(existsSync(place), 'the file is whose it was');
  t.notMatch(started.output(), /inherited-unused|listen-failed/);
});

t.test('acceptd listen has each address once after a failure', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: '',
    command: ['listen', `127.0.0.1:${port}`, '--guard', '--log-format', 'json'],
    arguments: ['--', '/bin/echo', '--guard'],
  });
  t.equal(await exchange(port, ''), '--guard\n');
  process.kill(guardedBy(acceptd.pid), 'SIGKILL');
  t.equal(await exchange(port, '', { timeout: 60_000 }), '--guard\n');
  const restarted = await acceptd.waitFor(({ event }) => event === 'restarted', 'the restart');
  const { fields } = await acceptd.waitFor(
    ({ event }) => event === 'applied',
    'the second start',
    acceptd.records.indexOf(restarted),
  );
  t.match(fields, { services: 1, opened: 1 });
  t.equal(await acceptd.stop(), 0);
});

for (const [name, words] of [
  ['inetd', ['--dialect', 'debian']],
  ['xinetd', ['-f']],
] as const) {
  t.test(`acceptd ${name} is guarded in the background too`, async (t) => {
    const port = await freePort();
    const text =
      name === 'inetd'
        ? say(`127.0.0.1:${port}`, 'here')
        : `service here\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n port = ${port}\n bind = 127.0.0.1\n user = ${me}\n server = /bin/echo\n server_args = here\n}\n`;
    const directory = t.testdir({ conf: text });
    const pidFile = join(directory, 'pid');
    const own =
      name === 'inetd' ? [`--pidfile=${pidFile}`] : ['-pidfile', pidFile, '-filelog', join(directory, 'log')];
    // it goes on logging there
    const called = await run('/bin/sh', [
      '-c',
      `exec "$0" "$@" 2>${join(directory, 'errors')}`,
      process.execPath,
      mainModule,
      name,
      '--guard',
      ...own,
      ...words,
      join(directory, 'conf'),
    ]);
    t.equal(called.code, 0);
    const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
    const first = pid();
    const guard = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${first}/status`, 'utf8'))?.[1]);
    t.teardown(() => {
      if (existsSync(`/proc/${guard}`)) process.kill(guard, 'SIGKILL');
    });
    t.equal(readFileSync(`/proc/${guard}/comm`, 'utf8'), 'acceptd-guard\n');
    process.kill(first, 'SIGKILL');
    t.equal(await exchange(port, '', { timeout: 60_000 }), 'here\n');
    await until(() => pid() !== first && readFileSync(`/proc/${pid()}/comm`, 'utf8') === `${name}\n`);
    process.kill(pid(), 'SIGTERM');
    await until(() => !existsSync(`/proc/${guard}`));
    t.notOk(existsSync(pidFile));
  });
}

t.test('where the guard program is missing it says what to do', async (t) => {
  const directory = t.testdir();
  const addon = join(directory, 'acceptd.node');
  copyFileSync(process.env['ACCEPTD_ADDON'] ?? join(guardProgram, '../acceptd.node'), addon);
  writeFileSync(join(directory, 'conf'), say('127.0.0.1:7', 'here'));
  const words = [mainModule, 'run', '--guard', '-f', join(directory, 'conf')];
  const { code, stderr } = await run(process.execPath, words, { environment: { ACCEPTD_ADDON: addon } });
  t.equal(code, 71);
  t.match(
    stderr,
    /^acceptd: cannot execute .*\/acceptd-guard: no such file or directory; build it with make -C native .*\n$/,
  );
});
