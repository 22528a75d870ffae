// acceptd convert as people call it: files in, files out, nothing replaced, and what is lost is told with its place.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { becomes } from '../support/becomes.ts';
import { run } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';
import { acceptd, temporaryDirectory } from './stage.ts';

const xinetdFile = `defaults
{
	instances       = 60
	log_type        = SYSLOG daemon info
	log_on_success  = HOST PID
	cps             = 25 30
}
service mysqlchk
{
	flags           = REUSE
	type            = UNLISTED
	socket_type     = stream
	port            = 9200
	wait            = no
	user            = nobody
	server          = /usr/bin/clustercheck
	log_on_failure  += USERID
	only_from       = 10.0.0.0/8 .example.com
	per_source      = UNLIMITED
	access_times    = 08:00-18:00
}
`;

t.test('xinetd.conf goes into our own language and loses nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'xinetd.conf');
  writeFileSync(source, xinetdFile);
  const { code, stdout, stderr } = await acceptd('convert', '--to', 'inetd', '-f', source, '--check');
  t.equal(code, 0, stderr);
  t.match(stderr, /acceptd: check: 1 services read back as they were\n$/);
  t.match(stdout, /^mysqlchk on\n/);
  t.match(stdout, /only_from +=.*10\.0\.0\.0\/8 \.example\.com\n/);
  t.match(stdout, /log_syslog +=.*daemon info\n/);
  const target = join(directory, 'acceptd.conf');
  writeFileSync(target, stdout);
  const again = await acceptd('convert', '--to', 'inetd', '-f', target, '--check');
  t.equal(again.stdout, stdout, 'and from there into itself');
});

t.test('what units cannot say is told with its place in the source', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'xinetd.conf');
  const units = join(directory, 'units');
  mkdirSync(units);
  writeFileSync(source, xinetdFile);
  const { code, stdout, stderr } = await acceptd(
    'convert',
    '--to=systemd',
    '-f',
    source,
    '-o',
    units,
    '--check',
  );
  t.equal(code, 0, stderr);
  t.equal(stdout, '');
  t.same(readdirSync(units).sort(), ['mysqlchk.socket', 'mysqlchk@.service']);
  t.match(stderr, `${source}:8:9: warning: 'mysqlchk' changes: `);
  t.match(stderr, "'mysqlchk' changes: no times of day; let timers start and stop the socket\n");
  t.match(stderr, "'mysqlchk' changes: clients cannot be let in by their names; write their addresses\n");
  t.equal(stderr.split('\n').filter((line) => line === '  service mysqlchk').length, 1, 'its line once');
  t.match(stderr, /acceptd: check: 1 services read back as they were, but for what is said above of 1/);
});

t.test('a file that is there is replaced only when told, and then all at once', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'inetd.conf');
  const target = join(directory, 'xinetd.conf');
  writeFileSync(
    source,
    '7000 stream tcp nowait nobody /bin/cat cat\n7001 stream tcp nowait nobody /bin/cat cat\n',
  );
  writeFileSync(target, 'mine\n');
  const words = ['convert', '--to', 'xinetd', '-f', source, '-o'];
  const refused = await acceptd(...words, target);
  t.equal(refused.code, 71);
  t.match(refused.stderr, `acceptd: ${target} is already there; use --force to replace it\n`);
  t.equal(readFileSync(target, 'utf8'), 'mine\n');
  const forced = await acceptd(...words, target, '--force');
  t.equal(forced.code, 0, forced.stderr);
  t.match(readFileSync(target, 'utf8'), /^service 7000$/m);

  const units = join(directory, 'units');
  const missing = await acceptd('convert', '--to', 'systemd', '-f', source, '-o', units);
  t.equal(missing.code, 71);
  t.match(missing.stderr, 'make it first');
  mkdirSync(units);
  writeFileSync(join(units, '7001@.service'), 'mine\n');
  const half = await acceptd('convert', '--to', 'systemd', '-f', source, '-o', units);
  t.equal(half.code, 71);
  t.same(readdirSync(units), ['7001@.service'], 'none or all');
  t.same(readdirSync(directory).sort(), ['inetd.conf', 'units', 'xinetd.conf'], 'nothing is left behind');
});

t.test('a conversion is no more readable than what it was made of', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'secret.conf');
  const target = join(directory, 'out.conf');
  writeFileSync(source, '7000 on exec = /bin/cat, env = PASSWORD=x;\n');
  chmodSync(source, 0o600);
  const { code } = await acceptd('convert', '--to', 'inetd', '-f', source, '-o', target);
  t.equal(code, 0);
  t.equal(statSync(target).mode & 0o777, 0o600);
});

t.test('JSON has every field, always in one order', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'acceptd.conf');
  writeFileSync(source, '7000 on exec = /bin/cat, user = nobody;\n7001 strem tcp nowait nobody /bin/cat\n');
  const { code, stdout } = await acceptd('convert', '--to', 'json', '-f', source, '--check');
  t.equal(code, 78, 'there is an error in the source');
  const value: unknown = JSON.parse(stdout);
  t.match(value, {
    version: 1,
    files: [source],
    services: [
      { id: '7000/tcp', access: null, answer: { kind: 'program', file: '/bin/cat', arguments: ['cat'] } },
    ],
    diagnostics: [{ severity: 'error', at: { file: source, line: 2, column: 6 } }],
  });
  const keys = [...stdout.matchAll(/^ {6}"([a-zA-Z]+)":/gm)].map((match) => match[1]);
  t.same(keys.slice(keys.indexOf('id')), [
    'id',
    'name',
    'origin',
    'dialect',
    'endpoints',
    'access',
    'answer',
    'banners',
    'credentials',
    'daemon',
    'identity',
    'lifetime',
    'limits',
    'mode',
    'mux',
    'process',
    'rpc',
    'serviceLog',
    'socket',
    'startTexts',
    'surroundings',
  ]);
});

t.test('relative programs are still the same files in a conversion elsewhere', async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'acceptd.conf');
  mkdirSync(join(directory, 'out'));
  writeFileSync(source, '7000 on exec = ./handler, banner = hello;\n');
  const target = join(directory, 'out', 'acceptd.conf');
  const { code, stderr } = await acceptd('convert', '--to', 'inetd', '-f', source, '-o', target, '--check');
  t.equal(code, 0, stderr);
  t.match(readFileSync(target, 'utf8'), `${directory}/handler\n`);
  t.match(readFileSync(target, 'utf8'), `${directory}/hello\n`);
});

t.test(
  'units become entries that say who runs them; what is only known at a start is left out and told',
  async (t) => {
    const directory = temporaryDirectory(t);
    const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
    write('plain.socket', '[Socket]\nListenStream=127.0.0.1:7001\nAccept=yes\n');
    write('plain@.service', '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n');
    write('named.socket', '[Socket]\nListenStream=127.0.0.1:7002\nAccept=yes\n');
    write('named@.service', '[Service]\nExecStart=/bin/echo %i\nStandardInput=socket\n');
    write('late.socket', '[Socket]\nListenStream=127.0.0.1:7003\n');
    write('late.service', '[Service]\nExecStart=/bin/cat\nRestartKillSignal=HUP\n');
    const { code, stdout, stderr } = await acceptd('convert', '--to', 'inetd', '-f', directory, '--check');
    t.equal(code, 0, stderr);
    t.match(stdout, /^plain on$[^;]*^ {4}user += -$/m);
    t.match(stdout, /^# named: left out: .*$/m);
    t.notMatch(stdout, /%i|\0/);
    t.match(stderr, /named\.socket:2:14: warning: 'named' is left out of acceptd's own language/);
    t.match(stderr, /late\.socket:2:14: warning: .*a restart ends it with the signal of a stop/);
    t.match(stderr, /2 services read back as they were, but for what is said above of 1 of them; 1 left out/);
  },
);

t.test('what cannot be read is not converted', async (t) => {
  const { code, stdout, stderr } = await acceptd('convert', '--to', 'json', '-f', '/nowhere/acceptd.conf');
  t.equal(code, 78);
  t.equal(stdout, '');
  t.match(stderr, 'cannot read /nowhere/acceptd.conf');
  const wrong = await acceptd('convert', '-f', '/nowhere/acceptd.conf');
  t.equal(wrong.code, 64);
});

/** What xinetd logs until it works; then it is ended. */
const startXinetd = async (directory: string, configuration: string): Promise<readonly string[]> => {
  const log = join(directory, 'log');
  const words = ['-dontfork', '-f', configuration, '-filelog', log, '-pidfile', join(directory, 'pid')];
  const child = spawn('xinetd', words, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  let text = '';
  try {
    await becomes(() => {
      text = existsSync(log) ? readFileSync(log, 'utf8') : '';
      return text.includes('available service') || child.exitCode !== null;
    });
  } finally {
    child.kill('SIGQUIT');
    await exited;
  }
  return text.trimEnd().split('\n');
};

const isRoot = process.getuid?.() === 0;
const unavailable = !isRoot
  ? 'only root may start servers as other users'
  : await run('xinetd', ['-version']).then(
      () => false,
      () => 'there is no xinetd',
    );

t.test('xinetd itself has nothing to say about a conversion', { skip: unavailable }, async (t) => {
  const directory = temporaryDirectory(t);
  const source = join(directory, 'acceptd.conf');
  const target = join(directory, 'xinetd.conf');
  const ports = await freePorts(6);
  writeFileSync(
    source,
    `${ports[0]} on user = nobody, exec = /usr/bin/env, args = env -x, umask = 027, nice = 5, bind = 127.0.0.1
  rlimit_as = 512m, rlimit_nofile = 64, max_load = 3.5, libwrap = envd, banner_fail = /etc/issue
  only_from = 127.0.0.0/8 10.0.0.0 ::1 2001:db8::/32, no_access = 127.0.0.9
  access_times = 22:00-06:00 09:00-24:00, rate = 5/1s 7s, instances = 7, per_source = 2
  log_file = ${directory}/service.log 500k 1m, log_on_success = pid host duration exit, log_on_failure = host attempt;
${ports[1]} on redirect = 127.0.0.1 80, bind = 127.0.0.1;
${ports[2]} on sensor = yes, deny_time = 5min, bind = 127.0.0.1;
${ports[3]} on protocol = udp, exec = /bin/cat, user = root, wait = yes, bind = 127.0.0.1;
${ports[4]} on exec = /bin/cat, args = mycat -u, user = nobody, bind = 127.0.0.1, keepalive = yes, nodelay = yes
  env = A=1 B=2;
${ports[5]} on internal = daytime, bind = 127.0.0.1, format = xinetd;
`,
  );
  const converted = await acceptd('convert', '--to', 'xinetd', '-f', source, '-o', target, '--check');
  t.equal(converted.code, 0, converted.stderr);
  const lines = await startXinetd(directory, target);
  t.match(lines.at(-1), /NOTICE: Started working: 6 available services/);
  t.same(
    lines.filter((line) => /ERROR|CRIT|DISABLING|WARNING/.test(line)),
    [],
  );
});
