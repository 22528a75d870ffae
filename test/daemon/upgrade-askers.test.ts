// Upgrades that meet each other, a reload, a stop, or somebody else at the control socket.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ask } from '../operate/control/stage.ts';
import { type Acceptd, mainModule, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { run } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';
import { me } from './scene.ts';
import { talk, upgradeQuietly } from './upgrade-scene.ts';

t.setTimeout(240_000);

const catAt = (port: number): string => `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`;

const start = async (t: Test, config: string) => {
  const control = join(mkdtempSync(join(tmpdir(), 'acceptd-askers-')), 'control');
  t.teardown(() => rmSync(dirname(control), { recursive: true, force: true }));
  return { control, acceptd: await startAcceptd(t, { config, arguments: ['--control', control] }) };
};

const countOf = ({ records }: Acceptd, event: string): number =>
  records.filter((record) => record.event === event).length;

const loadedPorts = async (acceptd: Acceptd, from: number): Promise<void> => {
  await acceptd.waitFor(({ event }) => event === 'applied', 'the new configuration', from);
};

t.test('everybody who asks for an upgrade is answered, and so is who asks something else', async (t) => {
  const [port = 0] = await freePorts(1);
  const { acceptd, control } = await start(t, catAt(port));
  const commands = [1, 2, 3].map(() => run(process.execPath, [mainModule, 'upgrade', '--control', control]));
  const raw = [1, 2].map(() => ask(control, 'POST', '/v1/upgrade', '{}'));
  for (const { stdout, stderr, code } of await Promise.all(commands)) {
    t.equal(code, 0, stderr);
    t.match(stdout, /has taken over/);
  }
  for (const { status, text } of await Promise.all(raw)) {
    t.equal(status, 200);
    t.match(text, /has taken over/);
  }
  // some may have come after the first upgrade: they were answered with another one
  t.ok(countOf(acceptd, 'upgraded') >= 1);
  await acceptd.waitFor(() => countOf(acceptd, 'control-order') === 5, 'all five orders');

  let isOver = false;
  let asked = 0;
  const looking = (async () => {
    for (; !isOver; asked++) {
      const { status } = await ask(control, 'GET', '/v1/status');
      if (status !== 200) throw new Error(`somebody who looked heard ${status}`);
    }
  })();
  t.equal((await upgradeQuietly(acceptd)).event, 'upgraded');
  isOver = true;
  await looking;
  t.ok(asked > 0, `${asked} looked meanwhile`);
  t.equal(await acceptd.stop(), 0);
});

t.test('two upgrades at once are one or two, and a reload beside them is made', async (t) => {
  const [port = 0, other = 0, third = 0] = await freePorts(3);
  const { acceptd } = await start(t, catAt(port));
  const session = await connect(port);
  t.equal(await talk(session, 'begin'), 'begin');

  acceptd.signal('SIGUSR2');
  await upgradeQuietly(acceptd);
  acceptd.signal('SIGUSR2');
  t.equal(await talk(session, 'between'), 'between');
  await acceptd.waitFor(() => countOf(acceptd, 'upgraded') >= 2, 'the second upgrade');

  // the reload first
  let from = acceptd.records.length;
  writeFileSync(acceptd.configPath, catAt(port) + catAt(other));
  acceptd.signal('SIGHUP');
  acceptd.signal('SIGUSR2');
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'an upgrade during a reload', from);
  await loadedPorts(acceptd, from);
  t.equal(await exchange(other, 'other', { timeout: 30_000 }), 'other');

  // the reload when the upgrade has begun, and once more right after it
  from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  await acceptd.waitFor(({ event }) => event === 'upgrading', 'the beginning', from);
  writeFileSync(acceptd.configPath, catAt(port) + catAt(third));
  acceptd.signal('SIGHUP');
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'the end', from);
  acceptd.signal('SIGHUP');
  await acceptd.waitFor(
    ({ event, fields }) => event === 'listening' && JSON.stringify(fields).includes(String(third)),
    'the third port',
    from,
  );
  t.equal(await exchange(third, 'third', { timeout: 30_000 }), 'third');
  t.equal(await talk(session, 'still there'), 'still there');
  t.equal(countOf(acceptd, 'upgrade-failed'), 0);
  session.end();
  t.equal(await acceptd.stop(), 0);
});

t.test('a stop that comes while the next version is tried is a stop', async (t) => {
  const [port = 0] = await freePorts(1);
  const { acceptd, control } = await start(t, catAt(port));
  const asking = ask(control, 'POST', '/v1/upgrade', '{}');
  // its child, which says whether it could
  await acceptd.waitFor(() => true, 'a record');
  acceptd.signal('SIGTERM');
  const answer = await asking.catch(() => undefined);
  t.equal(await acceptd.ended(), 0);
  t.equal(countOf(acceptd, 'stopped'), 1);
  if (answer !== undefined && answer.status !== 200) t.match(answer.text, /stopping/);
  t.notOk(existsSync(control));
});
