// Cases about limits: connections per second, per source, times, load, processes, descriptors.

import { readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import t from 'tap';
import { recordsUpTo } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { connect } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { knock, refused, turnedAway } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import {
  fewTicks,
  follow,
  type Guest,
  isRefused,
  needsRoot,
  numberIn,
  recordsOf,
  ticksWhileIdle,
  visit,
} from './stage.ts';
import {
  createDesk,
  handlers,
  inOwnMounts,
  served,
  service,
  serviceNamed,
  seven,
  startWith,
} from './xinetd-stage.ts';

const visitFrom = (source: string, port: number): Guest =>
  follow(createConnection({ port, host: '127.0.0.1', localAddress: source, allowHalfOpen: true }));

t.test(
  '27: cps = 2 3 serves two, turns the third away, refuses the next ones, and is back after 3 s',
  async (t) => {
    const desk = createDesk(t);
    const port = await freePort();
    const acceptd = await startWith(t, desk.defaults() + service(port, 'cps = 2 3'));
    const knocks = Array.from({ length: 8 }, () => knock('127.0.0.1', port));
    const suspended = await acceptd.waitFor(({ event }) => event === 'suspended', 'the suspension');
    // before anything else: the pause goes by
    t.ok(await isRefused(port), 'the kernel refuses meanwhile');
    t.equal(numberIn(suspended, 'pause'), 3000);
    const outcomes = await Promise.all(knocks);
    t.equal(outcomes.filter((each) => each === served).length, 2, outcomes.join(', '));
    const entries = await desk.untilEntries(
      (all) => all.filter((each) => each.startsWith('EXIT')).length >= 2,
    );
    t.same(
      entries.filter((each) => each.startsWith('FAIL')),
      ['FAIL: b connections per second from=127.0.0.1'],
      'one line for the one who was turned away',
    );
    await acceptd.waitFor(({ event }) => event === 'resumed', 'the end of the pause');
    t.equal(await knock('127.0.0.1', port), served);
  },
);

t.test('29: whom the lists deny do not count: 60 of them close the service for nobody', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, `only_from = ${seven}`, 'cps = 20 10'));
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => knock('127.0.0.1', port)));
    t.same(new Set(outcomes), new Set([turnedAway]));
  }
  t.equal(await knock(seven, port), served);
  t.same(recordsOf(acceptd, 'suspended'), []);
});

t.test('31: per_source = 1 turns the second of a source away and nobody else', async (t) => {
  const desk = createDesk(t);
  const ports = await freePorts(2);
  await startWith(
    t,
    desk.defaults() +
      ['', 'flags = IPv4']
        .map((flags, index) =>
          serviceNamed(
            `p${index}`,
            ports[index] ?? 0,
            ...(flags === '' ? [] : [flags]),
            'per_source = 1',
            `server = ${handlers}/attend`,
            'server_args = stay x',
          ),
        )
        .join(''),
  );
  for (const [index, port] of ports.entries()) {
    const first = await visit(port);
    t.match(await first.firstLine(), / connected x/);
    t.equal(await knock('127.0.0.1', port), turnedAway);
    const another = visitFrom(seven, port);
    t.match(await another.firstLine(), / connected x/);
    await first.leave();
    await another.leave();
    await desk.untilEntries((all) => all.includes(`FAIL: p${index} per_source_limit from=127.0.0.1`));
  }
});

t.test(
  '33: outside its times and above max_load a client gets banner_fail, and the reason is logged',
  needsRoot,
  async (t) => {
    const desk = createDesk(t);
    const [shut = 0, loaded = 0, calm = 0] = await freePorts(3);
    const at = (hour: number): string => String(hour % 24).padStart(2, '0');
    const hour = new Date().getHours();
    await mustRun('sh', [
      '-c',
      'echo sorry >"$1/banner"; echo 2.50 2.50 2.50 1/100 1000 >"$1/load"',
      'sh',
      desk.directory,
    ]);
    const banner = `banner_fail = ${desk.directory}/banner`;
    await startWith(
      t,
      [
        desk.defaults(),
        serviceNamed('shut', shut, `access_times = ${at(hour + 3)}:00-${at(hour + 3)}:59`, banner),
        serviceNamed('loaded', loaded, 'max_load = 2.5', banner),
        serviceNamed('calm', calm, 'max_load = 2.6', banner),
      ].join(''),
      { under: inOwnMounts(`mount --bind ${desk.directory}/load /proc/loadavg`) },
    );
    t.equal(await knock('127.0.0.1', shut), 'said: sorry\n');
    t.equal(await knock('127.0.0.1', loaded), 'said: sorry\n');
    t.equal(await knock('127.0.0.1', calm), served);
    const entries = await desk.untilEntries(
      (all) => all.filter((each) => each.startsWith('FAIL')).length >= 2,
    );
    t.same(
      entries.filter((each) => each.startsWith('FAIL')),
      ['FAIL: shut time from=127.0.0.1', 'FAIL: loaded load from=127.0.0.1'],
    );
  },
);

t.test(
  '49: a server that takes the socket and leaves without accepting is no storm of processes',
  async (t) => {
    const port = await freePort();
    const acceptd = await startWith(
      t,
      service(port, 'wait = yes', `server = ${handlers}/attend`, 'server_args = refuse'),
    );
    const guest = await visit(port);
    const paused = await acceptd.waitFor(
      (record) => record.event === 'respawning' && numberIn(record, 'pause') >= 320,
      'a pause of 320 ms',
    );
    const starts = recordsUpTo(acceptd, paused).filter(({ event }) => event === 'started').length;
    t.ok(starts <= 16, `${starts} starts`);
    t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, 'and no spinning between them');
    guest.socket.destroy();
  },
);

t.test('53: 40 reloads that move a port to and fro cost no descriptor, and the others go on', async (t) => {
  const [one = 0, two = 0, still = 0] = await freePorts(3);
  const text = (port: number): string => service(port) + serviceNamed('still', still);
  const acceptd = await startWith(t, text(one), { under: ['prlimit', '--nofile=128:128'] });
  const descriptors = (): number => readdirSync(`/proc/${acceptd.pid}/fd`).length;
  const toAndFro = async (): Promise<void> => {
    await acceptd.reload(text(two));
    await acceptd.reload(text(one));
  };
  // what the start opens for a moment is closed, and what is opened late is there
  await toAndFro();
  const before = descriptors();
  for (let round = 0; round < 20; round++) await toAndFro();
  await becomes(() => descriptors() <= before);
  t.ok(descriptors() <= before, `${before} descriptors before, ${descriptors()} after`);
  t.equal(await knock('127.0.0.1', one), served);
  t.equal(await knock('127.0.0.1', two), refused);
  t.equal(await knock('127.0.0.1', still), served);
  t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, 'no busy loop');
});

t.test(
  '63: where no process can be made a start is tried again, with NORETRY it fails at once',
  needsRoot,
  async (t) => {
    // a user of its own: the kernel counts processes by user, and does not limit root's
    const stranger = { uid: 55_000 + (process.pid % 5000), gid: 60_000 };
    const desk = createDesk(t);
    await mustRun('chown', [`${stranger.uid}`, desk.directory]);
    const [patient = 0, hasty = 0] = await freePorts(2);
    const user = `user = ${stranger.uid}`;
    const acceptd = await startWith(
      t,
      desk.defaults() +
        serviceNamed('patient', patient, user) +
        serviceNamed('hasty', hasty, 'flags = NORETRY', user),
      { user: stranger },
    );
    t.equal(await knock('127.0.0.1', hasty), served);
    await desk.untilEntries((all) => all.some((each) => each.startsWith('EXIT')));
    const limit = (processes: number): Promise<string> =>
      mustRun('setpriv', [
        ...['--reuid', `${stranger.uid}`, '--regid', `${stranger.gid}`, '--clear-groups'],
        ...['prlimit', '--pid', `${acceptd.pid}`, `--nproc=${processes}:1000`],
      ]);
    await limit(1);
    t.equal(await knock('127.0.0.1', hasty), turnedAway);
    await desk.untilEntries((all) => all.includes('FAIL: hasty fork from=127.0.0.1'));
    const waiting = await connect(patient);
    await acceptd.waitFor(
      () => recordsOf(acceptd, 'shortage').length >= 2,
      'the shortage that the patient one meets',
    );
    await limit(1000);
    const guest = follow(waiting);
    t.equal(await guest.end(), 'served', 'the client has waited and is served');
    t.notOk(desk.entries().some((each) => each.startsWith('FAIL: patient')));
  },
);

t.test('64: log_on_failure = ATTEMPT names the refusal alone; without it nothing is written', async (t) => {
  const desk = createDesk(t);
  const [attempt = 0, silent = 0, loud = 0] = await freePorts(3);
  await startWith(
    t,
    [
      `defaults\n{\nlog_type = FILE ${desk.log}\n}\n`,
      serviceNamed('a', attempt, 'instances = 0', 'log_on_failure = ATTEMPT'),
      serviceNamed('s', silent, 'instances = 0'),
      serviceNamed('l', loud, 'instances = 0', 'log_on_failure = HOST'),
    ].join(''),
  );
  for (const port of [attempt, silent, loud]) t.equal(await knock('127.0.0.1', port), turnedAway);
  const entries = await desk.untilEntries((all) => all.some((each) => each.startsWith('FAIL: l')));
  t.same(entries, ['FAIL: a service_limit', 'FAIL: l service_limit from=127.0.0.1']);
});
