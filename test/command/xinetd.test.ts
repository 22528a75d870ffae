// acceptd xinetd: the daemon that xinetd's scripts start.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exchange } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { acceptd, linkAs, serve, temporaryDirectory } from './stage.ts';
import { isAlive, service, startDaemon, until, writeConfiguration } from './xinetd-stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

t.test('help and version come without a configuration', async (t) => {
  const help = await acceptd('xinetd', '--help');
  t.equal(help.code, 0);
  t.match(help.stdout, /-inetd_compat[\s\S]*--strict-reload[\s\S]*Exit status/);
  const version = await acceptd('xinetd', '-version');
  t.equal(version.code, 0);
  t.match(version.stderr, /^acceptd Version \d+\.\d+\.\d+/, 'on stderr, as scripts expect it');
});

t.test('a mistake on the command line is told in one line, with exit status 64', async (t) => {
  const { code, stderr } = await acceptd('xinetd', 'xinetd.conf');
  t.equal(code, 64);
  t.match(stderr, /^acceptd: 'xinetd\.conf' is no option; .*; see acceptd xinetd --help\n$/);
});

t.test('it leaves for the background when its sockets are bound, with a pid file and its name', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  writeConfiguration(directory, service('cat', port));
  // a relative name, which must still mean the same at a reload
  const daemon = await startDaemon(t, directory, ['-f', 'xinetd.conf', '-stayalive', '-filelog', 'own.log']);
  t.match(daemon.called, { code: 0, stdout: '' });
  t.equal(await exchange(port, 'hello'), 'hello', 'the port is bound when the command returns');
  t.equal(readFileSync(`/proc/${daemon.pid}/comm`, 'utf8'), 'xinetd\n');
  t.equal(
    readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(' ')[5],
    String(daemon.pid),
    'a session of its own',
  );
  const other = await freePort();
  writeConfiguration(directory, service('cat', port) + service('more', other));
  process.kill(daemon.pid, 'SIGHUP');
  await until(
    () => /Reconfigured: new=1 old=1/.test(readFileSync(join(directory, 'own.log'), 'utf8')),
    'the reload',
  );
  t.equal(await exchange(other, 'hello'), 'hello');
  const second = await startDaemon(t, directory, ['-f', 'xinetd.conf', '-stayalive']);
  t.equal(second.called.code, 71);
  t.match(second.log(), new RegExp(`already running as pid ${daemon.pid}`));
  process.kill(daemon.pid, 'SIGTERM');
  await until(() => !isAlive(daemon.pid), 'its end');
  t.notOk(existsSync(join(directory, 'pid')), 'the pid file is removed');
});

t.test("-filelog: its own log in xinetd's form, beside the log of each service", async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const log = join(directory, 'services.log');
  const text = service('cat', port, {
    log_type: `FILE ${log}`,
    log_on_success: 'PID HOST EXIT',
    log_on_failure: 'HOST',
  });
  writeConfiguration(directory, `${text}service broken\n{\n}\n`);
  const daemon = await startDaemon(t, directory, ['-f', 'xinetd.conf', '-filelog', 'own.log', '-bogus']);
  t.equal(daemon.called.code, 0);
  t.match(daemon.log(), /xinetd\.conf:\d+:\d+: error: /, 'who calls is told what is wrong');
  t.equal(await exchange(port, 'hello'), 'hello');
  const own = (): string => readFileSync(join(directory, 'own.log'), 'utf8');
  const stamp = `\\d\\d/\\d+/\\d+@\\d\\d:\\d\\d:\\d\\d xinetd\\[${daemon.pid}\\]`;
  await until(() => existsSync(log) && /EXIT: cat/.test(readFileSync(log, 'utf8')), "the service's log");
  t.match(readFileSync(log, 'utf8'), /START: cat pid=\d+ from=127\.0\.0\.1\n.*EXIT: cat status=0 pid=\d+\n$/);
  t.match(own(), new RegExp(`^${stamp}: WARNING: -bogus is not known and changes nothing\n`));
  t.match(own(), new RegExp(`${stamp}: ERROR: .*\\[file=.*xinetd\\.conf\\] \\[line=\\d+\\]\n`));
  t.match(own(), new RegExp(`${stamp}: NOTICE: Started working: 1 available service\n`));
  renameSync(log, `${log}.1`);
  process.kill(daemon.pid, 'SIGHUP');
  await until(() => /Reconfigured: new=0 old=1 dropped=0 \(services\)/.test(own()), 'the reload');
  t.equal(await exchange(port, 'hello'), 'hello');
  await until(() => existsSync(log) && /EXIT: cat/.test(readFileSync(log, 'utf8')), 'the new log');
  process.kill(daemon.pid, 'SIGABRT');
  await until(() => /INFO: Consistency check passed/.test(own()), 'the check');
  process.kill(daemon.pid, 'SIGTERM');
  await until(() => !isAlive(daemon.pid), 'its end');
  t.match(own(), /: Exiting\.\.\.\n$/);
});

t.test(
  'in the background nobody waits for the end of its stderr, and a logger that is not there keeps nothing',
  async (t) => {
    const directory = temporaryDirectory(t);
    const port = await freePort();
    const file = writeConfiguration(directory, service('cat', port));
    const pidFile = join(directory, 'pid');
    // its stderr is a pipe: this resolves when the last who has it is gone
    const { code, stderr } = await acceptd('xinetd', '-f', file, '-pidfile', pidFile);
    t.match({ code, stderr }, { code: 0, stderr: '' });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    t.equal(await exchange(port, 'hello'), 'hello');
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid), 'its end');
  },
);

t.test('options that change nothing are told, known or not, and the start goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const file = writeConfiguration(directory, service('cat', await freePort()));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-inetd_ipv6', '-reuse', '-bogus']);
  for (const option of ['-inetd_ipv6 changes nothing', '-reuse changes nothing', '-bogus is not known'])
    t.match(server.stderr(), new RegExp(`"level":"warn".*"event":"option".*${option}`));
  t.equal(await server.stop(), 0);
});

t.test('a daemon that cannot start says so before it leaves: no file, no service', async (t) => {
  const directory = temporaryDirectory(t);
  const missing = await startDaemon(t, directory, ['-f', 'none.conf', '-stayalive']);
  t.equal(missing.called.code, 78);
  t.match(missing.log(), /none\.conf:1:1: error: cannot read/);
  writeConfiguration(directory, service('off', 1, { disable: 'yes' }));
  const idle = await startDaemon(t, directory, ['-f', 'xinetd.conf']);
  t.equal(idle.called.code, 78);
  t.match(idle.log(), /acceptd: no service to run/);
  const staying = await startDaemon(t, directory, ['-f', 'xinetd.conf', '-stayalive']);
  t.equal(staying.called.code, 0, '-stayalive: a reload may bring some');
  t.ok(isAlive(staying.pid));
  process.kill(staying.pid, 'SIGQUIT');
  await until(() => !isAlive(staying.pid), 'its end');
});

t.test('started under the name xinetd it is one', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  const link = linkAs(directory, 'xinetd');
  const daemon = await startDaemon(t, directory, ['-f', file], { link });
  t.equal(daemon.called.code, 0);
  t.equal(await exchange(port, 'hello'), 'hello');
  process.kill(daemon.pid, 'SIGTERM');
  await until(() => !isAlive(daemon.pid), 'its end');
});

t.test("handlers get the daemon's umask with 022 added, as from xinetd", async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  writeFileSync(join(directory, 'mask'), '#!/bin/sh\numask\n', { mode: 0o755 });
  const file = writeConfiguration(directory, service('mask', port, { server: join(directory, 'mask') }));
  for (const [umask, expected] of [
    ['0', '0022\n'],
    ['077', '0077\n'],
  ] as const) {
    const daemon = await startDaemon(t, directory, ['-f', file], { before: `umask ${umask}` });
    t.equal(daemon.called.code, 0);
    t.equal(await exchange(port, ''), expected);
    process.kill(daemon.pid, 'SIGTERM');
    await until(() => !isAlive(daemon.pid), 'its end');
  }
});

const strace = '/usr/bin/strace';

t.test(
  'the start closes no descriptors by the million, whatever the limit of them is',
  { skip: hasProgram(strace) ? false : 'there is no strace' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const file = writeConfiguration(directory, service('cat', await freePort()));
    const counts = join(directory, 'counts');
    const under = [
      strace,
      '-f',
      '-c',
      '-e',
      'trace=close,close_range',
      '-o',
      counts,
      'prlimit',
      '--nofile=20000:20000',
    ];
    const pidFile = join(directory, 'pid');
    const words = ['xinetd', '-dontfork', '-f', file, '-pidfile', pidFile];
    const server = await serve(t, words, /"event":"applied"/, { under });
    await until(() => existsSync(pidFile), 'the pid file');
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await server.ended();
    const [, , , calls] = /^.* close$/m.exec(readFileSync(counts, 'utf8'))?.[0].trim().split(/\s+/) ?? [];
    t.ok(Number(calls) > 0 && Number(calls) < 2_000, `${calls} calls of close`);
  },
);
