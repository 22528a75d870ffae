// What a daemon says of itself while it runs: that it reloads, who its main process is; and who of it may say so.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type CommandLine, type NotifyAccess, plainDaemon } from '../../../src/model/daemon.ts';
import { seconds } from '../../../src/model/quantity.ts';
import { becomes } from '../../support/becomes.ts';
import { hasProgram } from '../../support/command.ts';
import { ask, type DaemonOptions, daemonService, openSupervisor, pidAt } from '../../support/daemons.ts';
import { freePort } from '../../support/ports.ts';
import { tcp } from '../../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t);
const place = mkdtempSync(join(tmpdir(), 'acceptd-'));
t.teardown(() => rmSync(place, { recursive: true, force: true }));

/** Applies one service that is up at once; its id, port and pid, and how many events there were before. */
const run = async (options: DaemonOptions) => {
  const port = await freePort();
  await supervisor.apply([]);
  await becomes(() => supervisor.state().instances.length === 0);
  const since = events.length;
  const id = `daemon-${port}`;
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { id, ...options })]);
  const pid = await pidAt(port);
  await until('daemon-ready', ({ service }) => service === id, since);
  return { id, port, pid, since };
};

const saidSince = (since: number, what: string): readonly string[] =>
  events
    .slice(since)
    .flatMap((event) => (event.kind === 'daemon-said' && event.what === what ? [event.text] : []));

t.test('a notify-reload daemon has reloaded when it is ready again', async (t) => {
  const { id, port, pid, since } = await run({
    words: ['notify', 'reloads'],
    daemon: { type: 'notify-reload', reloadSignal: 1 },
  });
  t.equal(await supervisor.reloadDaemon(id), undefined);
  t.equal(saidSince(since, 'reloading').length, 1);
  t.equal(await supervisor.reloadDaemon(id), undefined, 'and again');
  t.equal(await pidAt(port), pid);
});

t.test('that it has begun to reload before it was asked is not the answer', async (t) => {
  const { id, port, since } = await run({
    words: ['notify', 'reloads-before'],
    daemon: { type: 'notify-reload', reloadSignal: 1 },
  });
  let isReloaded = false;
  const reloaded = supervisor.reloadDaemon(id).then((failure) => {
    isReloaded = true;
    return failure;
  });
  await until('daemon-said', ({ what }) => what === 'reloading', since);
  // messages are read in their order: that it is ready is no answer either
  await ask(port, 'say READY=1');
  await ask(port, 'say STATUS=not yet');
  await until('daemon-said', ({ text }) => text === 'not yet', since);
  t.notOk(isReloaded);
  const now = process.hrtime.bigint() / 1000n;
  await ask(port, `say RELOADING=1|MONOTONIC_USEC=${now}`);
  await ask(port, 'say READY=1');
  t.equal(await reloaded, undefined);
});

t.test('one that does not say that it has reloaded is given up at its time, and goes on', async (t) => {
  const { id, port, pid } = await run({
    words: ['notify'],
    daemon: { type: 'notify-reload', reloadSignal: 1, startTimeout: seconds(1) },
  });
  t.match(await supervisor.reloadDaemon(id), { what: /has not reloaded/ });
  t.equal(await pidAt(port), pid);
});

t.test('a daemon that reloads of its own accord is not to be asked meanwhile', async (t) => {
  const { id, port, since } = await run({
    words: ['notify', 'reloads'],
    daemon: { type: 'notify-reload', reloadSignal: 1 },
  });
  await ask(port, 'say RELOADING=1|STATUS=new certificates');
  await until('daemon-said', ({ text }) => text === 'new certificates', since);
  t.match(await supervisor.reloadDaemon(id), { code: 'ESRCH' });
  await ask(port, 'say READY=1|STATUS=done');
  await until('daemon-said', ({ text }) => text === 'done', since);
  t.equal(await supervisor.reloadDaemon(id), undefined);
});

t.test('a daemon can go on as another process', async (t) => {
  const { id, port, pid, since } = await run({ words: ['notify'], daemon: { type: 'notify' } });
  await ask(port, 'main');
  const { text } = await until('daemon-said', ({ what }) => what === 'main-pid', since);
  const next = Number(text);
  t.not(next, pid);
  await until('exited', (event) => event.pid === pid, since);
  t.equal(await pidAt(port), next, 'it serves');
  t.match(supervisor.steering.describe(id), { live: 1, instances: [{ pid: next }] });
  t.strictSame(supervisor.checkConsistency(), []);
  const ended = until('exited', (event) => event.pid === next, since);
  t.equal(await supervisor.restart(id), undefined);
  t.match(await ended, { status: { signal: 15 } }, 'and its end is the end of the daemon');
});

t.test('a process that is none of its own cannot be its main one', async (t) => {
  const { port, pid, since } = await run({ words: ['notify'], daemon: { type: 'notify' } });
  await ask(port, `say MAINPID=${process.ppid}`);
  t.match(await until('notify-ignored', () => true, since), {
    why: `MAINPID=${process.ppid} is no process of the service`,
  });
  t.equal(await pidAt(port), pid);
});

const systemdNotify = '/usr/bin/systemd-notify';

/** Who says something: the main process, a child of it that stays, a command beside it. */
const senders = ['main', 'child', 'command'] as const;
const heard: Readonly<Record<NotifyAccess, readonly (typeof senders)[number][]>> = {
  none: [],
  main: ['main'],
  exec: ['main', 'command'],
  all: ['main', 'child', 'command'],
};

for (const access of ['none', 'main', 'exec', 'all'] as const) {
  t.test(
    `NotifyAccess=${access}: ${heard[access].join(' and ') || 'nobody'} may say something`,
    { skip: hasProgram(systemdNotify) ? false : 'needs systemd-notify' },
    async (t) => {
      const done = join(place, `done-${access}`);
      const shell = (script: string): CommandLine => ({
        file: '/bin/sh',
        arguments: ['sh', '-c', script],
        expandsVariables: false,
        // nobody is told of a socket where nobody may say something
        forgivesFailure: true,
        rights: 'service',
      });
      const startAfter = [shell(`exec ${systemdNotify} --status=command`), shell(`echo > ${done}`)];
      const { port, since } = await run({
        daemon: { ...plainDaemon, type: 'exec', notifyAccess: access, startAfter },
      });
      t.ok(existsSync(done), 'the commands have run');
      await ask(port, 'say STATUS=main');
      await ask(port, 'child-say STATUS=child');
      // after its client's answer everything has been said; what comes to the socket is read in its order
      const expected = heard[access];
      await becomes(() => saidSince(since, 'status').length >= expected.length);
      await ask(port, 'pid');
      t.strictSame([...saidSince(since, 'status')].sort(), [...expected].sort());
    },
  );
}
