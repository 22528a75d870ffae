// The command line: help, mistakes, exit statuses, and what each command does.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { connect, exchange } from '../support/client.ts';
import { isRoot, run } from '../support/command.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { acceptd, linkAs, mainModule, projectDirectory, serve, temporaryDirectory } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

t.test('help and version come without a configuration, for each command', async (t) => {
  for (const command of [[], ['run'], ['check'], ['listen'], ['inetd'], ['xinetd'], ['consistency']]) {
    const { code, stdout } = await acceptd(...command, '--help');
    t.equal(code, 0, command.join(' '));
    t.match(stdout, /Exit status|--|Examples/);
  }
  t.match((await acceptd('listen', '--help')).stdout, /-- \/bin\/cat/, 'with examples');
  t.match((await acceptd('--version')).stdout, /^\d+\.\d+\.\d+/);
});

t.test('a mistake on the command line is told in one line, with exit status 64', async (t) => {
  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [[], /say what to do/],
    [['rnu'], /run/],
    [['run', '--bogus'], /bogus/],
    [['run', '--drain', 'soon'], /--drain takes a whole number/],
    [['run', '--dialect', 'solaris'], /solaris/],
    [['check', '--jsno'], /jsno/],
    [['listen', '8080'], /no program/],
    [['listen', 'a:b:c:', '--', '/bin/cat'], /is no address/],
    [['listen', '8080', '--instances', '-1', '--', '/bin/cat'], /--instances takes a whole number/],
    [['inetd', '--bogus'], /bogus/],
    [['inetd', '-R', 'x'], /'x' is no number/],
    [['inetd', '--dialect', 'solaris'], /unknown dialect 'solaris'/],
  ];
  for (const [words, complaint] of mistakes) {
    const { code, stderr } = await acceptd(...words);
    t.equal(code, 64, words.join(' '));
    t.match(stderr, complaint);
    t.match(stderr, /^acceptd: [^\n]+\n$/, 'one line');
  }
});

t.test('without its addon it says what to do, with exit status 71', async (t) => {
  const environment = { ACCEPTD_ADDON: '/nonexistent/acceptd.node' };
  for (const words of [['run'], ['xinetd', '-d'], ['check', '-f', '/dev/null']]) {
    const { code, stderr } = await run(process.execPath, [mainModule, ...words], { environment });
    t.equal(code, 71, words.join(' '));
    t.match(
      stderr,
      /^acceptd: cannot load the native addon \/nonexistent\/acceptd\.node: no such file; [^\n]+\n$/,
    );
  }
});

t.test('a configuration that is not there or serves nothing ends a start with 78', async (t) => {
  const directory = temporaryDirectory(t);
  const missing = await acceptd('run', '-f', join(directory, 'missing.conf'));
  t.equal(missing.code, 78);
  t.match(missing.stderr, /missing\.conf:1:1: error: cannot read .*no such file/);
  writeFileSync(join(directory, 'bad.conf'), 'echo stream tpc nowait root internal\n');
  const bad = await acceptd('run', '-f', join(directory, 'bad.conf'));
  t.equal(bad.code, 78);
  t.match(bad.stderr, /bad\.conf:1:13: error: .*'tpc'/);
});

t.test('check tells everything at once: for people, and as JSON', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'some.conf');
  writeFileSync(file, 'a strem tcp nowait nobody /bin/cat\n7 stream tcp nowait nobody /nowhere/x\n');
  const told = await acceptd('check', '-f', file);
  t.equal(told.code, 78);
  t.match(told.stderr, /some\.conf:1:3: error: .*\n {2}a strem tcp nowait nobody \/bin\/cat\n {4}\^{5}\n/);
  t.match(told.stderr, /some\.conf:2:28: warning: the program \/nowhere\/x does not exist/);
  t.equal(told.stdout, '1 services, 1 error, 1 warning\n');
  const json = await acceptd('check', '--json', '-f', file);
  t.equal(json.code, 78);
  t.match(JSON.parse(json.stdout), {
    services: 1,
    diagnostics: [
      { severity: 'error', at: { file, line: 1, column: 3 }, width: 5, source: /strem/ },
      { severity: 'warning', at: { line: 2, column: 28 } },
    ],
  });
  writeFileSync(file, '7007 stream tcp nowait root internal echo\n');
  t.match(await acceptd('check', '-f', file), { code: 0, stdout: '1 services, nothing wrong\n' });
});

t.test('every sample is a configuration without a mistake', async (t) => {
  const samples: readonly (readonly [string, string])[] = [
    ['conf/acceptd.conf', 'acceptd'],
    ['conf/samples/access.conf', 'acceptd'],
    ['conf/samples/debian-inetd.conf', 'debian'],
    ['conf/samples/git-daemon.conf', 'acceptd'],
    ['conf/samples/limits.conf', 'acceptd'],
    ['conf/samples/tftp.conf', 'acceptd'],
    ['conf/samples/unix-sockets.conf', 'acceptd'],
    ['conf/samples/xinetd.conf', 'acceptd'],
  ];
  for (const [sample, dialect] of samples) {
    const { stderr } = await acceptd('check', '--dialect', dialect, '-f', join(projectDirectory, sample));
    // programs and users of a sample need not be on this machine, and only root runs services as others
    const errors = stderr
      .split('\n')
      .filter((line) => / error: /.test(line) && !/would need root|no (?:user|group)/.test(line));
    t.strictSame(errors, [], sample);
  }
});

t.test('npm start: what conf/acceptd.conf offers is announced and answers', async (t) => {
  const server = await serve(t, ['run', '-f', 'conf/acceptd.conf', '--announce']);
  t.match(server.stdout(), /127\.0\.0\.1:7007\s+try: echo hello \| nc/);
  t.match(server.stdout(), /try: curl http:\/\/127\.0\.0\.1:7080\//);
  t.equal(await exchange(7007, 'hello\n'), 'hello\n', 'echo');
  t.match(await exchange(7013, ''), /^\w{3} \w{3} .{16}\r\n$/, 'daytime');
  t.match(await exchange(7079, 'root\r\n'), /Login: root/, 'finger');
  t.match(
    await exchange(7079, '$(id)\r\n'),
    /^That cannot be the name of a user\.\r\n$/,
    'finger does nothing with what is no name',
  );
  t.match(await exchange(7017, ''), /\w+/, 'fortune');
  t.match(
    await exchange(7080, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*127\.0\.0\.1/,
    'http',
  );
  t.equal(await exchange(7113, '1 , 2\r\n'), '1 , 2 : ERROR : HIDDEN-USER\r\n', 'ident');
  t.match(await exchange(7001, 'date\r\n'), /^\+Go\r\n.*UTC/, 'tcpmux');
  t.equal(await server.stop(), 0);
});

t.test('listen serves a program on every address it is given, with the limits it is given', async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const path = join(temporaryDirectory(t), 'socket');
  const words = ['--env', 'GREETING=hello you', '--instances', '1', '--stderr', 'client', '--chdir', '/'];
  const program = ['/bin/sh', '-c', 'echo "$GREETING"; pwd; echo oops >&2; cat'];
  const server = await serve(t, [
    'listen',
    ...words,
    `127.0.0.1:${port}`,
    `127.0.0.1:${other}`,
    path,
    '--',
    ...program,
  ]);
  t.equal(await exchange(port, 'a\n'), 'hello you\n/\noops\na\n');
  t.equal(await exchange(other, 'b\n'), 'hello you\n/\noops\nb\n');
  t.ok(existsSync(path));
  const first = await connect(port);
  const second = await connect(port);
  let answered = '';
  second.setEncoding('utf8').on('data', (text: string) => {
    answered += text;
  });
  first.resume();
  await new Promise((resolve) => first.once('data', resolve));
  t.equal(answered, '', 'with one instance the second client waits');
  first.end();
  await new Promise((resolve) => second.once('data', resolve));
  second.destroy();
  t.equal(await server.stop(), 0);
  t.notOk(existsSync(path), 'the socket file is removed');
});

t.test('inetd in the foreground reads its file in the dialect it is given', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = join(directory, 'inetd.conf');
  const user = isRoot ? 'nobody' : (process.env['USER'] ?? 'nobody');
  writeFileSync(file, `127.0.0.1:${port}\tstream\ttcp4\tnowait\t${user}\t/bin/sh\tsh -c "echo one"\n`);
  const pidFile = join(directory, 'pid');
  const words = ['inetd', '-i', `-p${pidFile}`, '-q', '50', '-R', '0'];
  const debian = await serve(t, [...words, '--environment', file]);
  t.equal(readFileSync(pidFile, 'utf8'), `${debian.pid}\n`);
  t.equal(readFileSync(`/proc/${debian.pid}/comm`, 'utf8'), 'inetd\n', 'as update-inetd wants it');
  t.match(
    await exchange(port, ''),
    /Unterminated quoted string/,
    'quotes mean nothing to Debian, and stderr is the client',
  );
  const second = await acceptd('inetd', '-i', `-p${pidFile}`, file);
  t.equal(second.code, 71);
  t.match(second.stderr, new RegExp(`already running as pid ${debian.pid}`));
  t.equal(await debian.stop(), 0);
  t.notOk(existsSync(pidFile), 'the pid file is removed');
  const gnu = await serve(t, [...words, '--dialect', 'gnu', file]);
  t.equal(await exchange(port, ''), 'one\n', "GNU's inetd knows quotes");
  t.equal(await gnu.stop(), 0);
});

t.test('inetd leaves for the background when its sockets are bound; also under its own name', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = join(directory, 'inetd.conf');
  const pidFile = join(directory, 'pid');
  writeFileSync(
    file,
    `127.0.0.1:${port} stream tcp nowait root internal\n`.replace(`${port} stream`, `${port} stream`),
  );
  writeFileSync(file, `127.0.0.1:${port} stream tcp nowait ${isRoot ? 'root' : '#'} /bin/date date\n`);
  const link = linkAs(directory, 'inetd');
  // the daemon keeps the stderr that it was given, so it must not be a pipe whose end this test waits for
  const script = 'exec "$0" "$@" 2>"$LOG"';
  // a relative name means what it meant to who called
  const words = ['-c', script, process.execPath, link, `--pidfile=${pidFile}`, 'inetd.conf'];
  const { code } = await run('/bin/sh', words, { environment: { LOG: join(directory, 'log') }, directory });
  if (!isRoot) {
    t.equal(code, 78, 'an ordinary user has no such account');
    return;
  }
  t.equal(code, 0);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.teardown(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended, as it should
    }
  });
  t.match(await exchange(port, ''), /\d\d:\d\d/, 'the port is bound when the command returns');
  t.not(
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5],
    readFileSync('/proc/self/stat', 'utf8').split(' ')[5],
    'in a session of its own',
  );
  process.kill(pid, 'SIGTERM');
  // the end of the daemon shows as the end of its port
  for (let tries = 0; tries < 1_000 && existsSync(pidFile); tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.notOk(existsSync(pidFile));
});

t.test('a daemon that cannot start says so before it leaves', async (t) => {
  const directory = temporaryDirectory(t);
  const { code, stderr } = await acceptd(
    'inetd',
    `-p${join(directory, 'pid')}`,
    join(directory, 'none.conf'),
  );
  t.equal(code, 78);
  t.match(stderr, /none\.conf:1:1: error: cannot read/);
  t.ok(existsSync(mainModule));
});

t.test('a pid file that cannot be written ends the start with 71 and frees the port', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = join(directory, 'some.conf');
  writeFileSync(file, `127.0.0.1:${port} stream tcp4 nowait - internal echo\n`);
  const { code, stderr } = await acceptd(
    'run',
    '-f',
    file,
    '--pid-file',
    join(directory, 'no', 'such', 'pid'),
  );
  t.equal(code, 71);
  t.match(stderr, /cannot write the pid file .*ENOENT.*choose another place/);
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
});
