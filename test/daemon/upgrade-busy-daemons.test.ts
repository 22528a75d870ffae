// An upgrade waits for daemons that are in the middle of something, and is refused where that takes too long.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ask } from '../operate/control/stage.ts';
import { type Acceptd, type LogRecord, mainModule, startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { me } from './scene.ts';
import { install } from './upgrade-scene.ts';

t.setTimeout(240_000);

const serve = join(compileHandlers('serve'), 'serve');
const patient = { timeout: 30_000 };

const start = async (
  t: Test,
  args: string,
  deadline: number,
  program: string,
  ...lines: readonly string[]
) => {
  const port = await freePort();
  const control = join(mkdtempSync(join(tmpdir(), 'acceptd-busy-')), 'control');
  t.teardown(() => rmSync(dirname(control), { recursive: true, force: true }));
  const words = [
    `bind = 127.0.0.1, port = ${port}`,
    `user = ${me}`,
    `exec = ${serve}`,
    `args = serve ${args}`,
  ];
  const acceptd = await startAcceptd(t, {
    config: `busy on ${[...words, ...lines].join(', ')};\n`,
    program,
    arguments: ['--upgrade-deadline', String(deadline), '--control', control],
  });
  const say = (text: string): Promise<string> => exchange(port, `${text}\n`, patient);
  return { acceptd, control, say };
};

/** From the moment on when the next version has said that it could. */
const begin = async (acceptd: Acceptd): Promise<() => Promise<LogRecord>> => {
  const from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  await acceptd.waitFor(({ event }) => event === 'upgrading', 'the beginning of the upgrade', from);
  return () =>
    acceptd.waitFor(
      ({ event }) => event === 'upgraded' || event === 'upgrade-failed',
      'the end of the upgrade',
      from,
    );
};

const countOf = ({ records }: Acceptd, wanted: string): number =>
  records.filter(({ event }) => event === wanted).length;

t.test('one that is starting, and one that reloads, are waited for', async (t) => {
  const { acceptd, say } = await start(t, '', 40, mainModule, 'type = notify', 'start_timeout = 5min');
  const main = await say('pid');
  const first = await begin(acceptd);
  t.equal(countOf(acceptd, 'daemon-ready'), 0);
  t.equal(await say('say READY=1'), main);
  t.equal((await first()).event, 'upgraded');
  t.equal(countOf(acceptd, 'daemon-ready'), 1);

  await say('say RELOADING=1');
  const second = await begin(acceptd);
  t.equal(await say('say READY=1'), main);
  t.equal((await second()).event, 'upgraded');
  t.equal(await say('pid'), main);
  t.equal(await acceptd.stop(), 0);
});

t.test('where it takes too long the upgrade is refused, and nothing has happened', async (t) => {
  const { acceptd, say } = await start(t, '', 8, mainModule, 'type = notify', 'start_timeout = 5min');
  const main = await say('pid');
  const refused = async (what: RegExp): Promise<void> => {
    const end = await begin(acceptd);
    const { event, fields } = await end();
    t.equal(event, 'upgrade-failed');
    t.match(JSON.stringify(fields['failure']), what);
    t.equal(await say('pid'), main);
  };
  await refused(/the daemon of 127.0.0.1:busy.tcp is starting/);
  await say('say READY=1');
  const end = await begin(acceptd);
  t.equal((await end()).event, 'upgraded', 'later it is');
  t.equal(await say('pid'), main);
  t.equal(await acceptd.stop(), 0);
});

t.test('a program that changes when it was tried is not what takes over', async (t) => {
  const { program, replace } = install(t);
  const { acceptd, say } = await start(t, '', 60, program, 'type = notify', 'start_timeout = 5min');
  const main = await say('pid');
  const end = await begin(acceptd);
  // half of an installation, which would be the end of everything
  replace('this is no JavaScript');
  await say('say READY=1');
  const { event, fields } = await end();
  t.equal(event, 'upgrade-failed');
  t.match(JSON.stringify(fields['failure']), /have changed since the new version was tried/);
  t.equal(await say('pid'), main);
  replace(`await import(${JSON.stringify(mainModule)});`);
  const again = await begin(acceptd);
  t.equal((await again()).event, 'upgraded');
  t.equal(await say('pid'), main);
  t.equal(await acceptd.stop(), 0);
});

t.test('one that is stopping is waited for, and started again where that was wanted', async (t) => {
  const { acceptd, control, say } = await start(
    t,
    'stubborn notify',
    60,
    mainModule,
    'notify = yes',
    'stop_timeout = 4s',
  );
  const main = await say('pid');
  const restarting = ask(
    control,
    'POST',
    `/v1/services/${encodeURIComponent('127.0.0.1:busy/tcp')}/restart`,
    '{}',
  ).catch(() => undefined);
  await acceptd.waitFor(({ event }) => event === 'daemon-stopping', 'its end');
  const end = await begin(acceptd);
  t.equal((await end()).event, 'upgraded');
  const answer = await restarting;
  if (answer !== undefined) t.equal(answer.status, 200, 'whoever wanted it is answered');
  await acceptd.waitFor(
    ({ event, pid }) => event === 'exited' && main === `pid ${pid}\n`,
    'the end of the old one',
  );
  const next = await say('pid');
  t.not(next, main);
  // by itself, and at once
  t.equal(await say('say STOPPING=1'), next);
  const again = await begin(acceptd);
  await say('exit 0').catch(() => undefined);
  t.equal((await again()).event, 'upgraded');
  t.not(await say('pid'), next);
  process.kill(Number((await say('pid')).slice(4)), 'SIGKILL');
  t.equal(await acceptd.stop(), 0);
});
