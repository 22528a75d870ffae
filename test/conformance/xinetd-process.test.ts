// Cases about the handler's process: how it ends, what it finds, its limits.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { resourceNames } from '../../src/model/service.ts';
import type { AcceptdOptions } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { knock, turnedAway } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { needsRoot, parseReport, type Report } from './stage.ts';
import { createDesk, handlers, service, serviceNamed, startWith } from './xinetd-stage.ts';

/** What a handler of S with these attributes finds. */
const reportOf = async (
  t: Test,
  lines: readonly string[],
  options: Partial<AcceptdOptions> = {},
): Promise<Report> => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, ...lines, `server = ${handlers}/report`), options);
  const report = parseReport(await exchange(port, ''));
  await acceptd.stop();
  return report;
};

t.test('35: the log says how a handler has ended, and that a program could not be executed', async (t) => {
  const desk = createDesk(t);
  const script = join(desk.directory, 'script');
  writeFileSync(script, '#!/no/such/interpreter\n');
  chmodSync(script, 0o755);
  const [left = 0, killed = 0, broken = 0] = await freePorts(3);
  const acceptd = await startWith(
    t,
    [
      desk.defaults(),
      serviceNamed('left', left, `server = ${handlers}/behave`, 'server_args = exit 7'),
      serviceNamed('killed', killed, `server = ${handlers}/behave`, 'server_args = signal 11'),
      serviceNamed('broken', broken, `server = ${script}`),
    ].join(''),
  );
  for (const port of [left, killed, broken]) t.equal(await knock('127.0.0.1', port), turnedAway);
  const entries = await desk.untilEntries((all) =>
    ['left', 'killed'].every((id) => all.some((each) => each.startsWith(`EXIT: ${id} `))),
  );
  const exitOf = (id: string): string | undefined => entries.find((each) => each.startsWith(`EXIT: ${id} `));
  t.match(exitOf('left'), /^EXIT: left status=7 pid=\d+ duration=\d+\(sec\)$/);
  t.match(exitOf('killed'), /^EXIT: killed signal=11 pid=\d+ duration=\d+\(sec\)$/);
  const failed = await acceptd.waitFor(({ event }) => event === 'start-failed', 'the failure');
  t.equal(failed.service?.startsWith('broken'), true, 'a start that failed is told as such');
  t.notMatch(desk.entries().join('\n'), /EXIT: broken status=0/, 'and is no end with status 0');
});

t.test(
  '36: a handler finds the connection at 0 to 2, a session of its own, /, default signals, REMOTE_HOST',
  async (t) => {
    const report = await reportOf(t, []);
    const descriptors = report.all('descriptor').map((each) => each.split(' '));
    t.same(
      descriptors.map(([number, kind, mode]) => [number, kind, mode]),
      ['0', '1', '2'].map((number) => [number, 'socket', 'blocking']),
    );
    t.equal(new Set(descriptors.map((each) => each.at(-1))).size, 1, 'all three are one socket');
    t.equal(report.one('session'), report.one('pid'));
    t.equal(report.one('group-leader'), report.one('pid'));
    t.equal(report.one('directory'), '/');
    for (const name of ['SigBlk', 'SigIgn', 'SigCgt']) t.equal(report.one(name), '0000000000000000', name);
    t.ok(report.all('environment').includes('REMOTE_HOST=127.0.0.1'), 'an IPv4 client is shown as one');
    const mapped = await reportOf(t, [], { arguments: ['--mapped'] });
    t.ok(
      mapped.all('environment').includes('REMOTE_HOST=::ffff:127.0.0.1'),
      'and with --mapped as xinetd does',
    );
  },
);

const names = (report: Report): readonly string[] =>
  report
    .all('environment')
    .map((each) => each.split('=', 1)[0] ?? '')
    .filter((name) => !/^(REMOTE_ADDR|REMOTE_PORT|PROTO|TCP.*)$/.test(name));

t.test(
  '37: passenv says what is passed on, env what is added; there is always a PATH (xinetd: not with an empty passenv)',
  async (t) => {
    const environment = { COLOUR: 'blue' };
    const chosen = await reportOf(t, ['env = A=1', 'env += B=2', 'passenv = PATH'], { environment });
    t.same(names(chosen).toSorted(), ['A', 'B', 'PATH', 'REMOTE_HOST']);
    const none = await reportOf(t, ['passenv ='], { environment });
    t.same(names(none).toSorted(), ['PATH', 'REMOTE_HOST']);
    const all = await reportOf(t, [], { environment });
    t.ok(all.all('environment').includes('COLOUR=blue'), 'without passenv everything is passed on');
  },
);

t.test('39: resource limits are soft and hard as given', async (t) => {
  const report = await reportOf(t, [
    'rlimit_as = 100M',
    'rlimit_cpu = 7',
    'rlimit_files = 64',
    'rlimit_stack = 4096k',
  ]);
  const expected = { as: 100 << 20, cpu: 7, nofile: 64, stack: 4 << 20 };
  // in the kernel's numbering
  const numbers = ['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as'];
  for (const [name, value] of Object.entries(expected)) {
    t.ok(resourceNames.some((each) => each === name));
    const line = report.all('limit').find((each) => each.startsWith(`${numbers.indexOf(name)} `));
    t.equal(line, `${numbers.indexOf(name)} ${value} ${value}`, name);
  }
});

t.test('40: nice = -5 holds for a user without privileges', needsRoot, async (t) => {
  const report = await reportOf(t, ['nice = -5', 'user = nobody']);
  t.equal(report.one('nice'), '-5');
  t.not(report.one('uid'), '0 0');
});

t.test("41: umask is what is written, else the daemon's own with 022", async (t) => {
  const under = (umask: string) => ({ under: ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'] });
  t.equal((await reportOf(t, ['umask = 027'])).one('umask'), '27');
  t.equal((await reportOf(t, [], under('000'))).one('umask'), '22');
  t.equal((await reportOf(t, [], under('077'))).one('umask'), '77');
});
