// How the daemon of a unit ends (KillMode=), and what waits for it then (FlushPending=).
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import t, { type Test } from 'tap';
import { readToEnd } from '../daemon/scene.ts';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { ask, pidAt } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';

t.setTimeout(180_000);
const handlers = compileHandlers('serve');

const startUnit = (
  t: Test,
  port: number,
  socket: readonly string[],
  service: readonly string[],
): Promise<Acceptd> =>
  startAcceptd(t, {
    config: {
      'it.socket': ['[Socket]', `ListenStream=127.0.0.1:${port}`, ...socket, ''].join('\n'),
      'it.service': ['[Service]', ...service, ''].join('\n'),
    },
  });

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** Its child ignores TERM. */
for (const [mode, isMainLeft, isChildLeft] of [
  ['none', true, true],
  ['process', false, true],
  ['mixed', false, false],
  ['control-group', false, false],
] as const) {
  t.test(`KillMode=${mode}: who is left when acceptd has stopped`, async (t) => {
    const port = await freePort();
    const acceptd = await startUnit(
      t,
      port,
      [],
      // in the mode mixed nobody waits for a child: its time is not over in this test
      [
        `ExecStart=${handlers}/serve child`,
        `KillMode=${mode}`,
        `TimeoutStopSec=${mode === 'mixed' ? 600 : 1}`,
      ],
    );
    const main = await pidAt(port);
    const child = Number(readFileSync(`/proc/${main}/task/${main}/children`, 'utf8'));
    t.teardown(() => {
      for (const pid of [main, child]) if (isThere(pid)) process.kill(pid, 'SIGKILL');
    });
    t.ok(child > 0 && isThere(child));
    t.equal(await acceptd.stop(), 0);
    t.equal(isThere(main), isMainLeft, 'the main process');
    t.equal(isThere(child), isChildLeft, 'its child');
  });
}

for (const flushes of [true, false]) {
  t.test(
    flushes
      ? 'FlushPending=yes turns away who waits at the end of a daemon, and the next one starts it again'
      : 'without FlushPending= who waits at the end of a daemon is served by the next',
    async (t) => {
      const port = await freePort();
      const acceptd = await startUnit(t, port, flushes ? ['FlushPending=yes'] : [], [
        `ExecStart=${handlers}/serve`,
      ]);
      const first = await pidAt(port);
      // while it is stopped it accepts nobody
      process.kill(first, 'SIGSTOP');
      const waiting = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
      const heard = readToEnd(waiting);
      waiting.write('pid\n');
      await new Promise((resolve) => waiting.once('connect', resolve));
      process.kill(first, 'SIGKILL');
      await acceptd.waitFor(({ event, pid }) => event === 'exited' && pid === first, 'its end');
      t.match(await heard, flushes ? /^$/ : /^pid \d+\n$/);
      t.not(await pidAt(port), first);
      const refused = acceptd.records.filter(({ event }) => event === 'refused').length;
      t.equal(refused, flushes ? 1 : 0, 'who was turned away is told of');
      t.equal(await acceptd.stop(), 0);
    },
  );
}

t.test('a daemon that never accepts: its queue is told of, with what to look for', async (t) => {
  const port = await freePort();
  const acceptd = await startUnit(t, port, [], [`ExecStart=${handlers}/serve deaf`]);
  const client = await connect(port);
  client.on('error', () => undefined);
  const { fields } = await acceptd.waitFor(({ event }) => event === 'queue-stuck', 'the stuck queue');
  t.match(
    fields['msg'],
    new RegExp(`^it: 1 client waits at tcp 127\\.0\\.0\\.1:${port} and its server accepts none; does it use`),
  );
  client.destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'a daemon that ends and accepts nobody is started ever more seldom, and serves when it can',
  async (t) => {
    const port = await freePort();
    const service = (words: string): string =>
      ['[Unit]', 'StartLimitIntervalSec=0', '[Service]', `ExecStart=${handlers}/serve ${words}`, ''].join(
        '\n',
      );
    const acceptd = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n`,
        'it.service': service('end=0'),
      },
    });
    const client = await connect(port);
    const heard = readToEnd(client);
    client.write('pid\n');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'respawning', 'the back-off');
    t.match(fields['msg'], /^it: its server left what waits for it unread \d+ times, next start in /);
    await acceptd.waitFor(
      ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 160,
      'a longer pause',
    );
    const starts = (): number => acceptd.records.filter(({ event }) => event === 'started').length;
    t.ok(starts() < 30, `${starts()} starts`);
    writeFileSync(`${acceptd.directory}/it.service`, service(''));
    acceptd.signal('SIGHUP');
    t.match(await heard, /^pid \d+\n$/, 'who has waited all the time is served');
    t.equal(await ask(port).then((text) => /^pid/.test(text)), true);
    t.equal(await acceptd.stop(), 0);
  },
);
