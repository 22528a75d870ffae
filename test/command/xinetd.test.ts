// acceptd xinetd: the daemon that xinetd's scripts start, and the signals that they send it.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { enter, readSome, readToEnd } from '../daemon/scene.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { acceptd, linkAs, serve, temporaryDirectory } from './stage.ts';
import { isAlive, service, startDaemon, until, writeConfiguration } from './xinetd-stage.ts';

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
  const daemon = await startDaemon(t, directory, [
    '-f',
    'xinetd.conf',
    '-stayalive',
    '-inetd_ipv6',
    '-bogus',
  ]);
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
    () => /"added":1,"dropped":\[\]/.test(daemon.log().split('\n').slice(-3).join('\n')),
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

t.test('QUIT ends it at once, and nobody else; a second word of it changes nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-pidfile', join(directory, 'pid')]);
  const client = await enter(port);
  server.signal('SIGQUIT');
  server.signal('SIGQUIT');
  t.equal(await server.ended(), 0);
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
  client.write('still here');
  t.equal(await readSome(client), 'still here', 'its handler lives on');
  t.notOk(existsSync(join(directory, 'pid')));
  const end = readToEnd(client);
  client.end();
  await end;
});

t.test('QUIT also ends a stop that is under way, and then nobody is terminated', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--drain', '600']);
  const client = await enter(port);
  server.signal('SIGTERM');
  await server.untilSaid(/"event":"draining"/);
  server.signal('SIGQUIT');
  t.equal(await server.ended(), 0);
  t.notMatch(server.stderr(), /"event":"terminating"/);
  client.write('still here');
  t.equal(await readSome(client), 'still here');
  const end = readToEnd(client);
  client.end();
  await end;
});

t.test('HUP and USR2 reload, INT stops as TERM does', async (t) => {
  const directory = temporaryDirectory(t);
  const [port = 0, other = 0, third = 0] = await freePorts(3);
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file]);
  writeConfiguration(directory, service('cat', port) + service('other', other));
  server.signal('SIGUSR2');
  await server.untilSaid(/"event":"applied"/, 2);
  t.equal(await exchange(other, 'x'), 'x');
  writeConfiguration(directory, service('cat', port) + service('third', third));
  server.signal('SIGHUP');
  await server.untilSaid(/"event":"applied"/, 3);
  t.equal(await exchange(third, 'x'), 'x');
  await t.rejects(connect(other), { code: 'ECONNREFUSED' });
  server.signal('SIGINT');
  t.equal(await server.ended(), 0);
});

t.test('USR1 writes the state: 0600, and the latest in the place of the one before', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const text = service('cat', port, { env: 'PASSWORD=hunter2', passenv: 'PATH' });
  const file = writeConfiguration(directory, text);
  const dump = join(directory, 'dump');
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--dump', dump, '-limit', '100']);
  const client = await enter(port);
  server.signal('SIGUSR1');
  await server.untilSaid(/"event":"state-written"/);
  t.equal(statSync(dump).mode & 0o777, 0o600);
  const first = readFileSync(dump, 'utf8');
  t.match(first, /^INTERNAL STATE DUMP: acceptd /);
  t.match(first, /Service = cat\n\tState = Active\n\tService configuration: cat\n\t\tid = cat\n/);
  t.match(first, /running servers = 1\n/);
  t.match(first, /cat server\npid = \d+\nstart_time = [\s\S]*remote_address = 127\.0\.0\.1,\d+\n/);
  t.match(first, new RegExp(`process_limit = 100\nconfig_file = ${file}\n\nEND OF DUMP\n$`));
  t.match(first, /PASSWORD/);
  t.notMatch(first, /hunter2/, 'no values of the environment');
  const end = readToEnd(client);
  client.end();
  await end;
  await server.untilSaid(/"event":"exited"/);
  server.signal('SIGUSR1');
  await server.untilSaid(/"event":"state-written"/, 2);
  const second = readFileSync(dump, 'utf8');
  t.match(second, /running servers = 0\n/);
  t.equal(second.split('INTERNAL STATE DUMP').length, 2, 'one state, not two');
  t.equal(await server.stop(), 0);
});

t.test('a state that cannot be written is told and changes nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  mkdirSync(join(directory, 'dump', 'full'), { recursive: true });
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--dump', join(directory, 'dump')]);
  server.signal('SIGUSR1');
  await server.untilSaid(/"level":"error".*cannot write the state to/);
  t.equal(await exchange(port, 'x'), 'x');
  t.equal(await server.stop(), 0);
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

t.test('-cc checks again and again, and finds nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const file = writeConfiguration(directory, service('cat', await freePort()));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-cc', '1']);
  await server.untilSaid(/Consistency check passed/, 2);
  t.equal(await server.stop(), 0);
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
