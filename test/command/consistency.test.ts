// acceptd consistency: asks servers of ours and nobody else, and tells what they find.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { enter, leave, me } from '../daemon/scene.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { isRoot, mustRun } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { acceptd, temporaryDirectory } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const handlers = compileHandlers('meddle', 'attend');

t.test(
  'a busy server is consistent: processes, built-ins, whole sockets, before and after a reload',
  async (t) => {
    const [cat = 0, echo = 0, whole = 0, datagrams = 0] = await freePorts(4);
    const text = [
      `127.0.0.1:${cat} stream tcp nowait ${me} /bin/cat cat`,
      `127.0.0.1:${echo} stream tcp nowait ${me} internal echo`,
      `127.0.0.1:${whole} stream tcp wait ${me} ${handlers}/attend attend`,
      `127.0.0.1:${datagrams} dgram udp wait ${me} /bin/cat cat`,
      '',
    ].join('\n');
    const server = await startAcceptd(t, { config: text });
    const pidFile = join(temporaryDirectory(t), 'pid');
    writeFileSync(pidFile, `${server.pid}\n`);
    const clients = [await enter(cat), await enter(cat), await enter(echo)];
    const passed = { code: 0, stdout: 'consistency check passed\n', stderr: '' };
    t.match(await acceptd('consistency', '--pid-file', pidFile), passed);
    await server.reload(text.replace(/^.*\/bin\/cat cat$/m, ''));
    t.match(await acceptd('consistency', String(server.pid)), passed, 'instances of a service that is gone');
    for (const client of clients) await leave(client);
    await server.waitFor(
      () => server.records.filter(({ event }) => event === 'exited').length === 2,
      'the ends of both',
    );
    t.match(await acceptd('consistency', String(server.pid)), passed);
    const checks = (): number => server.records.filter(({ event }) => event === 'consistency').length;
    await server.waitFor(() => checks() >= 3, 'the records of the checks');
    t.equal(checks(), 3, 'and each time it is logged');
    t.equal(await server.stop(), 0);
  },
);

t.test(
  'a socket that somebody else has shut down is found, with exit status 1',
  { skip: isRoot ? false : 'only root may meddle' },
  async (t) => {
    const [port = 0] = await freePorts(1);
    // at its limit: what is watched and shut down would call the loop without an end
    const config = `full on
        bind = 127.0.0.1
        port = ${port}
        protocol = tcp4
        socktype = stream
        user = ${me}
        exec = /bin/cat
        args = cat
        instances = 1
      ;`;
    const server = await startAcceptd(t, { config, arguments: ['--log-level', 'debug'] });
    const client = await enter(port);
    // nobody takes it, so that the socket does not call the loop
    const next = await connect(port);
    next.on('error', () => undefined);
    await server.waitFor(({ event }) => event === 'held', 'no room for more');
    const dump = await mustRun('ss', ['-Htlnpe', `sport = :${port}`]);
    const descriptor = /fd=(\d+)/.exec(dump)?.[1] ?? '';
    await mustRun(join(handlers, 'meddle'), [String(server.pid), descriptor]);
    const found = await acceptd('consistency', String(server.pid));
    t.equal(found.code, 1);
    t.match(found.stdout, /: descriptor \d+ does not listen\ndetected 1 errors\n$/);
    await server.waitFor(({ event }) => event === 'consistency', 'the record of it');
    t.match(server.records.map(({ event }) => event).slice(-2), ['inconsistent', 'consistency']);
    client.destroy();
    next.destroy();
  },
);

t.test('no other process is signalled', async (t) => {
  const innocent = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
  const exited = once(innocent, 'exit');
  t.teardown(async () => {
    innocent.kill('SIGKILL');
    await exited;
  });
  const told = await acceptd('consistency', String(innocent.pid));
  t.equal(told.code, 71);
  t.match(told.stderr, new RegExp(`process ${innocent.pid} is no acceptd that can be asked`));
  t.match(readFileSync(`/proc/${innocent.pid}/status`, 'utf8'), /^State:\s+S/m);
  t.equal(innocent.signalCode, null);
});

t.test('who cannot be asked is told, with what was wrong', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'empty'), '');
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [[], 64, /say which server/],
    [['1', '--pid-file', 'x'], 64, /say which server/],
    [['x'], 64, /pid takes a whole number/],
    [['4194305'], 71, /there is no process 4194305/],
    [['--pid-file', join(directory, 'none')], 71, /cannot read/],
    [['--pid-file', join(directory, 'empty')], 71, /holds no pid/],
  ];
  for (const [words, code, complaint] of cases) {
    const told = await acceptd('consistency', ...words);
    t.equal(told.code, code, words.join(' '));
    t.match(told.stderr, complaint);
  }
});
