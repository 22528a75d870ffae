// What holds clients back is not shaken off by an upgrade: suspensions, pauses, counts, rates, sensors.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { inOwnMounts } from '../conformance/xinetd-stage.ts';
import { ask } from '../operate/control/stage.ts';
import { type Acceptd, type LogRecord, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { freePorts } from '../support/ports.ts';
import { me, readToEnd, socketInode } from './scene.ts';
import { mustUpgrade, talk } from './upgrade-scene.ts';

t.setTimeout(240_000);
const patient = { timeout: 60_000 };

const of =
  (service: string, event: string) =>
  (record: LogRecord): boolean =>
    record.service?.includes(service) === true && record.event === event;

const countOf = ({ records }: Acceptd, service: string, event: string): number =>
  records.filter(of(service, event)).length;

/** What was said and not read makes a reset of the end. */
const refused = (port: number): Promise<string> => exchange(port, 'may I?').catch(() => '');

const timeOf = ({ fields }: LogRecord): number => Date.parse(String(fields['time']));

t.test('a suspension ends at its time, not before and not later', async (t) => {
  const [waits = 0, closes = 0] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    config: `waits on bind = 127.0.0.1, port = ${waits}, user = ${me}, exec = /bin/echo, args = echo served, rate = 2/20s 12s;
closes on bind = 127.0.0.1, port = ${closes}, user = ${me}, exec = /bin/echo, args = echo served, rate = 1/10s 12s, on_rate = close;
`,
  });
  for (const _ of [1, 2]) t.equal(await exchange(waits, ''), 'served\n');
  const waiting = exchange(waits, '', patient);
  t.equal(await exchange(closes, ''), 'served\n');
  await exchange(closes, '').catch(() => '');
  const began = await acceptd.waitFor(of('closes', 'suspended'), 'the second suspension');
  const first = await acceptd.waitFor(of('waits', 'suspended'), 'the first suspension');
  t.equal(socketInode(closes), undefined, 'its port is closed');
  const from = acceptd.records.length;
  await mustUpgrade(t, acceptd);
  if (countOf(acceptd, 'closes', 'resumed') === 0)
    t.equal(socketInode(closes), undefined, 'and is closed after it');
  for (const [name, since] of [
    ['waits', first],
    ['closes', began],
  ] as const) {
    const resumed = await acceptd.waitFor(of(name, 'resumed'), `the end of the suspension of ${name}`);
    const lasted = timeOf(resumed) - timeOf(since);
    t.ok(lasted >= 11_900, `${name}: it lasted ${lasted} ms`);
  }
  t.equal(await waiting, 'served\n', 'who has waited is served');
  t.not(socketInode(closes), undefined);
  t.ok(acceptd.records.length > from);
  t.equal(await acceptd.stop(), 0);
});

t.test('counts, rates and pauses are what they were', async (t) => {
  const [bucket = 0, source = 0, paused = 0, tuned = 0, daily = 0] = await freePorts(5);
  const control = join(mkdtempSync(join(tmpdir(), 'acceptd-limits-')), 'control');
  t.teardown(() => rmSync(dirname(control), { recursive: true, force: true }));
  const common = `bind = 127.0.0.1, user = ${me}, exec = /bin/cat`;
  const acceptd = await startAcceptd(t, {
    config: `bucket on ${common}, port = ${bucket}, rate = 3/1h 1h;
source on ${common}, port = ${source}, per_source = 1, on_limit = refuse;
paused on ${common}, port = ${paused};
tuned on ${common}, port = ${tuned};
daily on ${common}, port = ${daily}, per_source_rate = 2/1h, on_limit = refuse;
`,
    arguments: ['--control', control],
  });
  const steer = async (word: string): Promise<void> => {
    const id = encodeURIComponent('127.0.0.1:paused/tcp');
    const { status, text } = await ask(control, 'POST', `/v1/services/${id}/${word}`, '{}');
    t.equal(status, 200, text);
  };
  await steer('pause');
  t.equal(await exchange(bucket, 'one'), 'one');
  t.equal(await exchange(bucket, 'two'), 'two');
  t.equal(await exchange(daily, 'one'), 'one');
  const only = await connect(source);
  t.equal(await talk(only, 'begin'), 'begin');
  for (const round of [1, 2, 3]) await mustUpgrade(t, acceptd, `round ${round}`);

  t.equal(await exchange(bucket, 'three'), 'three');
  const fourth = await connect(bucket);
  await acceptd.waitFor(of('bucket', 'suspended'), 'the end of its rate: no upgrade has filled it');
  fourth.destroy();
  t.equal(await refused(source), '', 'its source is at its limit');
  t.equal(await exchange(daily, 'two'), 'two');
  t.equal(await refused(daily), '', 'and so is this one beyond its rate');
  const waiting = exchange(paused, 'resumed', patient);
  t.equal(await talk(only, 'still here'), 'still here');
  t.equal(countOf(acceptd, 'paused', 'started'), 0);
  await steer('resume');
  t.equal(await waiting, 'resumed');
  only.end();
  t.equal(await readToEnd(only), '');
  await acceptd.waitFor(of('source', 'exited'), 'its end');
  t.equal(await exchange(source, 'now I may'), 'now I may');
  t.equal(await acceptd.stop(), 0);
});

t.test('a server that fails again and again is not tried at once', async (t) => {
  const [port = 0] = await freePorts(1);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp wait ${me} /bin/false false\n`,
  });
  const client = await connect(port);
  const long = await acceptd.waitFor(
    ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 5_000,
    'a long pause',
  );
  await mustUpgrade(t, acceptd);
  const next = await acceptd.waitFor(
    ({ event }) => event === 'started',
    'the next try',
    acceptd.records.indexOf(long),
  );
  t.ok(timeOf(next) - timeOf(long) >= Number(long.fields['pause']) - 100, 'it had its pause');
  const { fields } = await acceptd.waitFor(
    ({ event }) => event === 'respawning',
    'its next failure',
    acceptd.records.indexOf(next),
  );
  t.ok(Number(fields['pause']) > Number(long.fields['pause']), 'and its failures are still counted');
  client.destroy();
  t.equal(await acceptd.stop(), 0);
});

const isRoot = process.getuid?.() === 0;

t.test(
  'the load and who has called a sensor are heeded',
  { skip: isRoot ? false : 'needs root' },
  async (t) => {
    const [trap = 0, open = 0, loaded = 0] = await freePorts(3);
    const directory = t.testdir({ loadavg: '9.50 1.00 1.00 1/100 4242\n' });
    const acceptd = await startAcceptd(t, {
      config: `trap on bind = 127.0.0.1, port = ${trap}, sensor = yes, deny_time = 1h;
open on bind = 127.0.0.1, port = ${open}, user = ${me}, exec = /bin/cat;
loaded on bind = 127.0.0.1, port = ${loaded}, user = ${me}, exec = /bin/cat, max_load = 9;
`,
      under: inOwnMounts(`mount --bind ${directory}/loadavg /proc/loadavg`),
    });
    const from = (host: string, port: number): Promise<string> =>
      exchange(port, 'hello', { host }).catch(() => '');
    t.equal(await from('127.0.0.1', loaded), '');
    t.equal(await from('127.0.0.1', open), 'hello');
    await from('127.0.0.1', trap);
    await acceptd.waitFor(({ event }) => event === 'trapped', 'the trap');
    t.equal(await from('127.0.0.1', open), '');
    await mustUpgrade(t, acceptd);
    t.equal(await from('127.0.0.1', open), '', 'he is kept out');
    t.equal(await from('127.0.0.1', loaded), '');
    t.equal(await acceptd.stop(), 0);
  },
);
