// Daemons that rest or run across an upgrade: they are the same to their clients, and what they do is still answered.
import { join } from 'node:path';
import t from 'tap';
import { type Acceptd, type LogRecord, startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { hasProgram, run } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { me } from './scene.ts';
import { mustUpgrade } from './upgrade-scene.ts';

t.setTimeout(240_000);

const handlers = compileHandlers('serve', 'bind-and-serve');
const serve = join(handlers, 'serve');
const patient = { timeout: 30_000 };

const daemon = (name: string, port: number, args: string, ...lines: readonly string[]): string =>
  `${name} on ${[`bind = 127.0.0.1, port = ${port}`, `user = ${me}`, `exec = ${serve}`, `args = serve ${args}`, ...lines].join(', ')};\n`;

const of =
  (service: string, ...events: readonly string[]) =>
  (record: LogRecord): boolean =>
    record.service?.includes(service) === true && events.includes(record.event);

const countOf = ({ records }: Acceptd, service: string, event: string): number =>
  records.filter(of(service, event)).length;

const timeOf = ({ fields }: LogRecord): number =>
  Date.parse(String(fields['time'])) || Number(fields['time']);

/** How many may wait at a port. */
const queueLengthOf = async (port: number): Promise<number> => {
  const { stdout } = await run('ss', ['-Hltn', `sport = :${port}`]);
  return Number(stdout.trim().split(/\s+/)[2]);
};

t.test('a daemon that binds its own sockets binds another one after the upgrade', async (t) => {
  const [one = 0, two = 0] = await freePorts(2);
  const steps = [
    ...[
      'socket=inet',
      `bind=127.0.0.1:${one}`,
      'listen=5',
      'accept=first',
      'accept=second',
      'listen=6',
      'accept=again',
    ],
    ...['socket=inet', `bind=127.0.0.1:${two}`, 'listen=7', 'accept=third', 'listen=9', 'accept=fourth'],
  ];
  const acceptd = await startAcceptd(t, {
    config: `adopts on listen = tcp:127.0.0.1:${one} tcp:127.0.0.1:${two}, user = ${me}, exec = ${join(handlers, 'bind-and-serve')}, args = bind-and-serve ${steps.join(' ')}, activation = adopt;\n`,
  });
  t.equal(await exchange(one, '', patient), 'first');
  const waiting = exchange(two, '', { timeout: 60_000 });
  for (const round of [1, 2]) await mustUpgrade(t, acceptd, `round ${round}`);
  t.equal(await exchange(one, '', patient), 'second');
  t.equal(await exchange(one, '', patient), 'again');
  if (hasProgram('/usr/bin/ss'))
    t.ok((await queueLengthOf(one)) > 6, 'its queue is as long as acceptd has made it');
  t.equal(await waiting, 'third', 'our socket, with the client that waited there');
  t.equal(await exchange(two, '', patient), 'fourth', 'it may listen again');
  await acceptd.waitFor(of('adopts', 'exited'), 'its end');
  t.equal(countOf(acceptd, 'adopts', 'adopted'), 2);
  t.equal(countOf(acceptd, 'adopts', 'handler-said'), steps.length, 'each step is told');
  t.notOk(acceptd.records.some(({ fields }) => /ENOSYS|EADDRINUSE/.test(String(fields['msg']))));
  t.equal(await acceptd.stop(), 0);
});

t.test('daemons of other kinds are the same ones, and their ends are heard', async (t) => {
  const [forking = 0, watched = 0, simple = 0, whole = 0, failing = 0, oneshot = 0] = await freePorts(6);
  const pidFile = join(t.testdir(), 'pid');
  const acceptd = await startAcceptd(t, {
    config: [
      daemon('forking', forking, `fork pid-file=${pidFile}`, 'type = forking', `pid_file = ${pidFile}`),
      daemon('watched', watched, 'notify', 'notify = yes', 'watchdog = 1h'),
      daemon('simple', simple, '', 'type = simple', 'restart = on-failure', 'restart_pause = 100ms'),
      daemon(
        'failing',
        failing,
        'end=3',
        'on_demand = no',
        'restart = always',
        'restart_pause = 8s',
        'start_limit = none',
      ),
      `done on bind = 127.0.0.1, port = ${oneshot}, user = ${me}, exec = /bin/true, type = oneshot, on_demand = no, remain_after_exit = yes;\n`,
      `127.0.0.1:${whole} stream tcp wait ${me} ${serve} serve\n`,
    ].join(''),
    arguments: ['--upgrade-deadline', '60'],
  });
  const pidOf = (port: number): Promise<string> => exchange(port, 'pid\n', patient);
  await acceptd.waitFor(of('done', 'exited'), 'the end of the oneshot');
  await acceptd.waitFor(of('failing', 'daemon-failed'), 'the failure');
  const before = await Promise.all([forking, watched, simple].map(pidOf));
  await exchange(watched, 'say WATCHDOG_USEC=3600000001\n', patient);

  for (const round of [1, 2]) await mustUpgrade(t, acceptd, `round ${round}`);
  t.strictSame(await Promise.all([forking, watched, simple].map(pidOf)), before, 'the same processes');
  t.equal(countOf(acceptd, 'done', 'started'), 1, 'what counts as running is not started again');

  const from = acceptd.records.length;
  await acceptd.waitFor(of('failing', 'started'), 'its next start', from);
  const course = acceptd.records.filter(of('failing', 'started', 'daemon-failed'));
  for (const [index, record] of course.entries()) {
    const failed = course[index - 1];
    if (record.event !== 'started' || failed === undefined) continue;
    const pause = timeOf(record) - timeOf(failed);
    t.ok(pause >= 7_900, `the pause before its next start has its time: ${pause} ms`);
  }

  t.equal(countOf(acceptd, 'watched', 'daemon-stopping'), 0);
  await exchange(watched, 'say WATCHDOG_USEC=200000\n', patient);
  const stopping = await acceptd.waitFor(of('watched', 'daemon-stopping'), 'the watchdog', from);
  t.equal(stopping.fields['why'], 'watchdog');
  await acceptd.waitFor(of('watched', 'exited'), 'its end', from);

  for (const [name, port, end] of [
    ['forking', forking, 'exit 0\n'],
    ['simple', simple, 'die 9\n'],
  ] as const) {
    const was = await exchange(port, end, patient);
    t.ok(before.includes(was), name);
    let now = await pidOf(port);
    while (now === was) now = await pidOf(port);
    t.match(now, /^pid \d+\n$/, `${name}: its end was heard, and the next client started it anew`);
  }
  t.equal(await acceptd.stop(), 0);
});
