// The real program with all its logs at once: a real journal, syslog, files; and all of them stalled while it serves.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { hasProgram, isRoot, mustRun, run, searchPath } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { me } from './scene.ts';

const journald = '/lib/systemd/systemd-journald';
const logger = existsSync('/dev/log') ? '/dev/log is there already' : undefined;
const whyNot =
  isRoot && hasProgram(journald) && hasProgram('/usr/bin/journalctl')
    ? logger
    : 'needs root and systemd-journald';
const skip = whyNot ?? false;

/** `/run` and `/dev` of its own, a small disk in DIRECTORY/disk, and a journal. */
const world = `set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/log/journal
mount -t tmpfs none /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/urandom c 1 9
ln -s /proc/self/fd /dev/fd
ln -s /run/systemd/journal/dev-log /dev/log
mkdir "$0/disk"
mount -t tmpfs -o size=64k none "$0/disk"
exec ${journald}`;

type World = {
  readonly directory: string;
  readonly journal: ChildProcess;
  /** Puts a command into this world. */
  readonly inside: readonly string[];
  /** What the journal has of acceptd, oldest first. */
  readonly entries: (...matches: readonly string[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;
};

const until = async <Value>(look: () => Promise<Value | undefined>, what: string): Promise<Value> => {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await wait(50);
  }
  throw new Error(`waited for ${what}`);
};

const openWorld = async (t: Test): Promise<World> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-logs-'));
  const journal = spawn('unshare', ['--mount', 'sh', '-c', world, directory], { stdio: 'ignore' });
  const ended = once(journal, 'exit');
  t.teardown(async () => {
    journal.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  const inside = ['nsenter', '--mount', `--target=${journal.pid ?? 0}`];
  const entries: World['entries'] = async (...matches) => {
    const words = [
      'journalctl',
      '-D',
      '/run/log/journal',
      '-o',
      'json',
      '--all',
      '-t',
      'acceptd',
      ...matches,
    ];
    const text = await mustRun('nsenter', [...inside.slice(1), ...words]);
    return text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Record<string, unknown> => JSON.parse(line));
  };
  const isThere = async (): Promise<true | undefined> => {
    const { code } = await run('nsenter', [...inside.slice(1), 'test', '-S', '/run/systemd/journal/socket']);
    return code === 0 || undefined;
  };
  await until(isThere, 'the journal');
  return { directory, journal, inside, entries };
};

const lineLength = 8_000;
const lineCount = 1_000;

const start = (
  t: Test,
  { inside }: World,
  flood: number,
  daytime: number,
  targets: readonly string[],
): Promise<Acceptd> =>
  startAcceptd(t, {
    config: [
      `127.0.0.1:${flood} stream tcp nowait ${me} /bin/sh sh -c "yes $(printf %0${lineLength}d) | head -n ${lineCount} >&2; echo done"`,
      `127.0.0.1:${daytime} stream tcp nowait ${me} internal daytime`,
      '',
    ].join('\n'),
    under: inside,
    arguments: targets.flatMap((target) => ['--log', target]),
  });

const messagesOf = (entries: readonly Readonly<Record<string, unknown>>[]): readonly string[] =>
  entries.map((entry) => String(entry['MESSAGE']));

t.test('a real journal, its syslog and a file that is rotated have what stderr has', { skip }, async (t) => {
  const world = await openWorld(t);
  const [port, daytime] = [await freePort(), await freePort()];
  const file = join(world.directory, 'acceptd.log');
  const acceptd = await start(t, world, port, daytime, [
    'stderr',
    'journald',
    'syslog:local3',
    `file:${file}`,
  ]);
  await exchange(daytime, '');
  await acceptd.waitFor(({ event }) => event === 'builtin-ended', 'the end');
  const entries = await until(async () => {
    const found = await world.entries('ACCEPTD_EVENT=builtin-ended');
    return found.length > 0 ? found : undefined;
  }, 'the journal');
  t.match(entries, [
    {
      PRIORITY: '6',
      SYSLOG_FACILITY: '3',
      SYSLOG_PID: String(acceptd.pid),
      _PID: String(acceptd.pid),
      _TRANSPORT: 'journal',
      ACCEPTD_SERVICE: /daytime|:/,
      CLIENT_ADDRESS: '127.0.0.1',
      ACCEPTD_OUTCOME: 'ended',
      MESSAGE_ID: /^[0-9a-f]{32}$/,
    },
  ]);

  renameSync(file, `${file}.1`);
  acceptd.signal('SIGHUP');
  await acceptd.waitFor(({ event, fields }) => event === 'applied' && fields['kept'] === 2, 'the reload');
  await until(async () => (existsSync(file) && readFileSync(file).length > 0) || undefined, 'the new file');
  t.equal(await acceptd.stop(), 0);
  const texts = acceptd.records.map(({ fields }) => String(fields['msg']));
  const lines = `${readFileSync(`${file}.1`, 'utf8')}${readFileSync(file, 'utf8')}`.trim().split('\n');
  t.strictSame(
    lines.map((line): unknown => JSON.parse(line).msg),
    texts,
    'the file, in two pieces',
  );
  const allThatCameBy = (transport: string) =>
    until(async () => {
      const found = await world.entries(`_TRANSPORT=${transport}`);
      return found.length >= texts.length ? found : undefined;
    }, `all that came by ${transport}`);
  t.strictSame(messagesOf(await allThatCameBy('journal')), texts);
  const syslog = await allThatCameBy('syslog');
  t.strictSame(messagesOf(syslog), texts, 'what came by syslog');
  t.match(syslog[0], {
    SYSLOG_FACILITY: '19',
    SYSLOG_IDENTIFIER: 'acceptd',
    SYSLOG_PID: String(acceptd.pid),
  });
});

t.test(
  'every log stalls, nobody waits for it; what was lost is counted, and told when it goes on',
  { skip },
  async (t) => {
    const world = await openWorld(t);
    const [port, daytime] = [await freePort(), await freePort()];
    const [full, fifo] = [join(world.directory, 'disk/log'), join(world.directory, 'fifo')];
    await mustRun('mkfifo', [fifo]);
    const targets = ['stderr', 'journald', 'syslog', `file:${full}`, `file:${fifo}`];
    const acceptd = await start(t, world, port, daytime, targets);
    world.journal.kill('SIGSTOP');
    acceptd.pauseReading();
    t.equal(await exchange(port, ''), 'done\n');
    for (let count = 0; count < 20; count++) t.match(await exchange(daytime, ''), /\d\d:\d\d:\d\d/);

    acceptd.resumeReading();
    world.journal.kill('SIGCONT');
    await mustRun('nsenter', [
      ...world.inside.slice(1),
      'mount',
      '-o',
      'remount,size=64m',
      join(world.directory, 'disk'),
    ]);
    const reader = spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'ignore'] });
    t.teardown(() => reader.kill('SIGKILL'));
    let piped = '';
    reader.stdout.setEncoding('utf8').on('data', (text: string) => {
      piped += text;
    });
    const lost = new Map<string, number>();
    for (const log of ['journald', 'syslog', full, fifo]) {
      const told = ({ event, fields }: Acceptd['records'][number]): boolean =>
        event === 'log-lost' && fields['log'] === log;
      lost.set(log, Number((await acceptd.waitFor(told, `the loss of ${log}`)).fields['lost']));
    }
    for (const [log, count] of lost) t.ok(count > 0, `${log}: ${count} lost`);
    const dropped = await acceptd.waitFor(({ event }) => event === 'log-dropped', 'the loss of stderr');
    t.ok(Number(dropped.fields['count']) > 0);
    // and each has it of itself
    await until(
      async () => piped.includes(`"log":"${fifo}","lost":${lost.get(fifo)}`) || undefined,
      'the FIFO',
    );
    t.ok(piped.startsWith('{') || piped.startsWith('\n'), 'no half line');
    const read = async (): Promise<string> =>
      await mustRun('nsenter', [...world.inside.slice(1), 'cat', full]);
    await until(
      async () => (await read()).includes(`"log":"${full}","lost":${lost.get(full)}`) || undefined,
      'the file',
    );
    const said = (text: string): number =>
      text.split('\n').filter((line) => line.includes('"handler-said"')).length;
    t.ok(said(await read()) < lineCount);
    await until(async () => {
      const found = await world.entries('ACCEPTD_EVENT=log-lost', 'ACCEPTD_LOG=journald');
      return found.length > 0 || undefined;
    }, 'the journal');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('stderr that is the journal has records in full, without being asked', { skip }, async (t) => {
  const world = await openWorld(t);
  const port = await freePort();
  const main = new URL('../../src/main.js', import.meta.url).pathname;
  // as systemd tells a unit of the stream that it has given it
  const tell = 'export JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) && exec "$@"';
  const words = [process.execPath, main, 'listen', `127.0.0.1:${port}`, '--', '/bin/cat'];
  const child = spawn(
    'nsenter',
    [...world.inside.slice(1), 'systemd-cat', 'sh', '-c', tell, 'sh', ...words],
    {
      stdio: 'ignore',
      env: { PATH: searchPath },
    },
  );
  const ended = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const [entry] = await until(async () => {
    const found = await world.entries('ACCEPTD_EVENT=applied');
    return found.length > 0 ? found : undefined;
  }, 'the journal');
  t.match(entry, { _TRANSPORT: 'journal', _PID: String(child.pid) });
  child.kill('SIGTERM');
  t.strictSame(await ended, [0, null]);
});
