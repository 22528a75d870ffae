// What acceptd and its handlers have to say, and that nobody waits for whoever reads it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { searchPath } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { me, privateMemory } from './scene.ts';

/** A service that runs a script; `script` has no double quotes in it. */
const shell = (port: number, script: string): string =>
  `127.0.0.1:${port} stream tcp nowait ${me} /bin/sh sh -c "${script}"\n`;

const said = (acceptd: Acceptd): readonly string[] =>
  acceptd.records.filter(({ event }) => event === 'handler-said').map(({ fields }) => String(fields['msg']));

t.test('one record for each thing that happens', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { config: shell(port, 'echo hello') });
  t.equal(await exchange(port, ''), 'hello\n');
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end');
  await acceptd.reload('# nothing\n');
  t.equal(await acceptd.stop(), 0);
  t.strictSame(
    acceptd.records.map(({ event }) => event),
    ['listening', 'applied', 'started', 'exited', 'closed', 'applied', 'draining', 'stopped'],
  );
  const [started, exited] = [acceptd.records[2], acceptd.records[3]];
  t.match(started?.fields, {
    level: 'info',
    service: `127.0.0.1:${port}/tcp`,
    pid: Number,
    peer: /^127\.0\.0\.1:\d+$/,
  });
  t.equal(exited?.pid, started?.pid);
  t.match(exited?.fields, {
    status: { kind: 'exit', code: 0 },
    duration: Number,
    userTime: Number,
    systemTime: Number,
  });
});

t.test("a handler's lines: with its pid, whole, escaped, in pieces when they are long", async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: shell(
      port,
      [
        'echo one >&2',
        'printf two >&2',
        'echo -half >&2',
        // ESC, a byte that is no UTF-8, NUL, CR
        "printf 'bad\\033[31m\\377\\000end\\r\\n' >&2",
        'head -c 20000 /dev/zero | tr \\\\0 x >&2',
        'echo >&2',
        'printf unfinished >&2',
        'echo done',
      ].join('; '),
    ),
  });
  t.equal(await exchange(port, ''), 'done\n');
  const { pid } = await acceptd.waitFor(({ event }) => event === 'exited', 'the end');
  await acceptd.waitFor(({ fields }) => fields['msg'] === 'unfinished', 'the line that has no end');
  const lines = said(acceptd);
  t.strictSame(
    lines.filter((line) => !/^x+$/.test(line)),
    ['one', 'two-half', 'bad\\u{1b}[31m\ufffd\\u{0}end', 'unfinished'],
  );
  t.strictSame(
    lines.filter((line) => /^x+$/.test(line)).map(({ length }) => length),
    [8192, 8192, 3616],
  );
  const first = acceptd.records.find(({ fields }) => fields['msg'] === 'one');
  t.strictSame([first?.pid, first?.service, first?.fields['level']], [pid, `127.0.0.1:${port}/tcp`, 'info']);
  t.equal(await acceptd.stop(), 0);
});

t.test('characters that stand on the border of two pieces stay whole', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: shell(port, "yes 'äöü€😀' | tr -d '\\n' | head -c 30000 >&2; echo done"),
  });
  t.equal(await exchange(port, ''), 'done\n');
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end');
  t.equal(await acceptd.stop(), 0);
  const text = said(acceptd).join('');
  t.equal(Buffer.byteLength(text.replace(/\ufffd+$/, '')) >= 29_990, true);
  t.notMatch(text.slice(0, -4), /\ufffd/);
});

t.test('a handler that floods its stderr does not delay other services', async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const acceptd = await startAcceptd(t, {
    config: shell(port, 'exec yes >&2') + shell(other, 'echo there'),
    arguments: ['--drain', '0'],
  });
  const flood = exchange(port, '', { timeout: 60_000 }).catch(() => '');
  await acceptd.waitFor(({ event }) => event === 'handler-said', 'the flood');
  acceptd.pauseReading();
  const times: number[] = [];
  for (let count = 0; count < 30; count++) {
    const begin = performance.now();
    t.equal(await exchange(other, ''), 'there\n');
    times.push(performance.now() - begin);
  }
  // the flood never rests: who waited for it would do so each time, and a machine that is busy is so now and then
  const middle = times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN;
  t.ok(middle < 500, `half of the answers took ${Math.round(middle)} ms or more`);
  acceptd.resumeReading();
  acceptd.signal('SIGTERM');
  t.equal(await acceptd.ended(), 0);
  await flood;
});

t.test(
  'nobody reads the log: the service goes on, the memory stays, and the loss is told afterwards',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp nowait ${me} internal daytime\n`,
    });
    const serve = async (count: number): Promise<void> => {
      const client = async (): Promise<void> => {
        for (let index = 0; index < count / 10; index++) await exchange(port, '');
      };
      await Promise.all(Array.from({ length: 10 }, client));
    };
    acceptd.pauseReading();
    // more than what may wait for a reader
    await serve(11_000);
    const before = privateMemory(acceptd.pid);
    await serve(4_000);
    const grown = privateMemory(acceptd.pid) - before;
    t.ok(grown < 6_000, `${grown} KiB more after 4000 more connections`);
    const from = acceptd.records.length;
    acceptd.resumeReading();
    const { fields } = await acceptd.waitFor(
      ({ event }) => event === 'log-dropped',
      'the loss to be told',
      from,
    );
    t.ok(Number(fields['count']) > 100);
    acceptd.signal('SIGUSR1');
    await acceptd.waitFor(({ event }) => event === 'state', 'records again', from);
    const told = acceptd.records.filter(
      ({ event }) => event === 'builtin-started' || event === 'builtin-ended',
    ).length;
    const lost = acceptd.records
      .filter(({ event }) => event === 'log-dropped')
      .reduce((sum, each) => sum + Number(each.fields['count']), 0);
    t.equal(told + lost, 30_000, 'each record was either written or counted');
    t.equal(await acceptd.stop(), 0);
  },
);

// --- Other kinds of stderr: there are no records to wait for, but a pid file that appears when acceptd is ready ---

const mainModule = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));

const startWith = async (
  t: Test,
  port: number,
  stderr: number | 'ignore' | 'pipe',
  under: readonly string[] = [],
): Promise<ChildProcess> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  writeFileSync(join(directory, 'acceptd.conf'), shell(port, 'echo there; echo said >&2'));
  const ready = new Promise<void>((resolve) => {
    const watcher = watch(directory, (_, name) => {
      if (name !== 'pid') return;
      watcher.close();
      resolve();
    });
  });
  const words = [
    ...['-i', `PATH=${searchPath}`, 'ACCEPTD_CONTROL=', ...under, process.execPath],
    ...[mainModule, 'run', '-f', join(directory, 'acceptd.conf'), '--pid-file', join(directory, 'pid')],
  ];
  const child = spawn('env', words, { env: { PATH: searchPath }, stdio: ['ignore', 'ignore', stderr] });
  t.teardown(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  await ready;
  return child;
};

const checkServes = async (t: Test, port: number, child: ChildProcess): Promise<void> => {
  for (let count = 0; count < 20; count++) t.equal(await exchange(port, ''), 'there\n');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  t.strictSame(await exit, [0, null]);
};

t.test('stderr is a file', async (t) => {
  const port = await freePort();
  const path = join(mkdtempSync(join(tmpdir(), 'acceptd-log-')), 'log');
  t.teardown(() => rmSync(path));
  const file = openSync(path, 'a');
  const child = await startWith(t, port, file);
  closeSync(file);
  await checkServes(t, port, child);
  const events = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => /"event":"([^"]*)"/.exec(line)?.[1]);
  t.equal(events.filter((event) => event === 'started').length, 20);
  t.equal(events.at(-1), 'stopped');
});

t.test('stderr is full, or closed', async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const full = openSync('/dev/full', 'w');
  const child = await startWith(t, port, full);
  closeSync(full);
  await checkServes(t, port, child);
  await checkServes(t, other, await startWith(t, other, 'ignore', ['sh', '-c', 'exec "$@" 2>&-', 'sh']));
});

t.test('whoever read stderr has gone', async (t) => {
  const port = await freePort();
  const child = await startWith(t, port, 'pipe');
  child.stderr?.destroy();
  await checkServes(t, port, child);
});
