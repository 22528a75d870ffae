// A log file is appended to without waiting, rotated, kept below its limits; nothing that is wrong with it stops anything.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { bytes } from '../../src/model/quantity.ts';
import { createLogFile } from '../../src/operate/log-file.ts';
import type { FileLimits } from '../../src/operate/log-limits.ts';
import type { LogNotice } from '../../src/operate/log-notice.ts';
import { createTestClock } from '../support/clock.ts';
import { run, searchPath } from '../support/command.ts';
import { openEngine } from '../support/engine.ts';
import { childEnvironment } from '../support/environment.ts';

const { kernel } = openEngine(t);
const unlimited: FileLimits = { soft: undefined, hard: undefined };
const patience = 10_000;

const openLog = (path: string, limits: FileLimits = unlimited) => {
  const notices: LogNotice[] = [];
  let onNotice = (): void => undefined;
  const clock = createTestClock();
  const log = createLogFile(path, limits, {
    kernel,
    clock,
    tell: (notice) => {
      notices.push(notice);
      onNotice();
    },
  });
  /** Resolves when so many notices of a kind have come. */
  const told = (kind: LogNotice['kind'], count = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (notices.filter((notice) => notice.kind === kind).length >= count) resolve();
      };
      onNotice = look;
      look();
    });
  const kinds = (): readonly string[] => notices.map(({ kind }) => kind);
  return { ...log, clock, notices, kinds, told };
};

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `line ${String(index).padStart(4, '0')}\n`);

t.test('what is there is kept, what is new stands behind it, in order', async (t) => {
  const path = join(t.testdir(), 'l');
  writeFileSync(path, 'before\n');
  const log = openLog(path);
  const lines = numbered(5_000);
  for (const line of lines) log.write(line);
  await log.finish(patience);
  t.equal(readFileSync(path, 'utf8'), `before\n${lines.join('')}`);
  t.strictSame(log.notices, []);
});

t.test('the file comes into being with mode 0644, less what the umask takes', async (t) => {
  const path = join(t.testdir(), 'l');
  const before = process.umask(0o022);
  const log = openLog(path);
  log.write('x\n');
  await log.finish(patience);
  process.umask(before);
  t.equal(statSync(path).mode & 0o7777, 0o644);
});

t.test('lines of one moment are one write', async (t) => {
  const path = join(t.testdir(), 'fifo');
  t.equal((await run('mkfifo', [path])).code, 0);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const clock = createTestClock();
  let writes = 0;
  const counted = {
    ...kernel,
    write: (...words: Parameters<typeof kernel.write>) => {
      writes += 1;
      return kernel.write(...words);
    },
  };
  const log = createLogFile(path, unlimited, {
    kernel: counted,
    clock,
    tell: (notice) => t.fail(notice.text),
  });
  log.write('first\n');
  await log.flush(patience);
  for (const line of numbered(100)) log.write(line);
  t.equal(clock.waiting(), 1, 'they wait for one moment');
  clock.advance(25);
  await log.finish(patience);
  const read = Buffer.alloc(10_000);
  t.equal(read.toString('utf8', 0, readSync(reader, read)), `first\n${numbered(100).join('')}`);
  t.equal(writes, 2);
  closeSync(reader);
});

t.test('a file that was renamed is left alone after a reopening', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path);
  log.write('old\n');
  await log.flush(patience);
  renameSync(path, `${path}.1`);
  log.write('still old\n');
  await log.flush(patience);
  log.reopen();
  // asked twice in a row, as two signals do
  log.reopen();
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
  await log.flush(patience);
  for (let count = 0; count < 1_000 && (statSync(path).size === 0 || count === 0); count++) {
    log.write('new\n');
    await log.flush(patience);
  }
  await log.finish(patience);
  t.match(readFileSync(`${path}.1`, 'utf8'), /^old\nstill old\n(?:new\n)*$/);
  t.match(readFileSync(path, 'utf8'), /^(?:new\n)+$/);
  t.strictSame(log.notices, []);
});

t.test('the soft limit is told once, the file goes on', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path, { soft: bytes(50), hard: undefined });
  for (const line of numbered(10)) {
    log.write(line);
    await log.flush(patience);
  }
  t.equal(statSync(path).size, 100);
  t.strictSame(log.kinds(), ['log-soft-limit']);
  t.match(log.notices[0], {
    severity: 'warning',
    log: path,
    text: `soft limit exceeded on '${path}': it has 50 bytes`,
  });
  await log.finish(patience);
});

t.test('at the hard limit the writing stops with one message, whole lines stay', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path, { soft: bytes(30), hard: bytes(55) });
  for (const line of numbered(100)) log.write(line);
  await log.flush(patience);
  for (const line of numbered(100)) {
    log.write(line);
    await log.flush(patience);
  }
  t.equal(readFileSync(path, 'utf8'), numbered(5).join(''));
  t.strictSame(log.kinds(), ['log-soft-limit', 'log-hard-limit']);
  log.reopen();
  for (const line of numbered(100)) {
    log.write(line);
    await log.flush(patience);
  }
  t.equal(statSync(path).size, 50, 'a reopening of the same file changes nothing');
  t.strictSame(log.kinds(), ['log-soft-limit', 'log-hard-limit']);
  await log.finish(patience);
});

t.test('at the hard limit a line that is shorter than the others is not written either', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path, { soft: undefined, hard: bytes(55) });
  for (const line of [...numbered(6), 'abc\n']) {
    log.write(line);
    await log.flush(patience);
  }
  t.equal(readFileSync(path, 'utf8'), numbered(5).join(''));
  t.strictSame(log.kinds(), ['log-hard-limit']);
  truncateSync(path);
  log.clock.advance(1_000);
  log.write('abc\n');
  await log.finish(patience);
  t.equal(readFileSync(path, 'utf8'), 'abc\n', 'it is when there is room');
  t.strictSame(log.kinds(), ['log-hard-limit', 'log-below-limit']);
});

t.test('a file that is full from the start is not written to', async (t) => {
  const path = join(t.testdir(), 'l');
  writeFileSync(path, 'x'.repeat(60));
  const log = openLog(path, { soft: undefined, hard: bytes(55) });
  for (const line of numbered(100)) log.write(line);
  await log.finish(patience);
  t.equal(statSync(path).size, 60);
  t.strictSame(log.kinds(), ['log-hard-limit']);
});

for (const [how, makeRoom] of [
  ['cut', (path: string) => truncateSync(path, 10)],
  ['renamed', (path: string) => renameSync(path, `${path}.1`)],
  [
    'renamed and made anew',
    (path: string) => {
      renameSync(path, `${path}.1`);
      writeFileSync(path, '');
    },
  ],
] as const) {
  t.test(`a full file that was ${how} is written again, looked at once a second`, async (t) => {
    const path = join(t.testdir(), 'l');
    const log = openLog(path, { soft: undefined, hard: bytes(55) });
    for (const line of numbered(100)) log.write(line);
    await log.flush(patience);
    log.clock.advance(2_000);
    log.write('lost 0000\n');
    await log.flush(patience);
    makeRoom(path);
    log.write('lost 0001\n');
    await log.flush(patience);
    t.strictSame(log.kinds(), ['log-hard-limit'], 'it was looked at just before');
    log.clock.advance(1_000);
    log.write('good 0000\n');
    await log.flush(patience);
    await log.finish(patience);
    t.match(readFileSync(path, 'utf8'), /^(?:line 0000\n)?good 0000\n$/);
    t.strictSame(log.kinds(), ['log-hard-limit', 'log-below-limit']);
    t.match(log.notices[1], {
      lost: 97,
      text: `'${path}' is below its hard limit again; 97 lines were lost`,
    });
  });
}

t.test('new limits hold from the next line on', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path, { soft: undefined, hard: bytes(20) });
  for (const line of numbered(3)) log.write(line);
  await log.flush(patience);
  t.equal(statSync(path).size, 20);
  log.setLimits(unlimited);
  log.write('good 0000\n');
  await log.finish(patience);
  t.equal(statSync(path).size, 30);
});

t.test('a file that cannot be opened is told, tried again, and gets what waited', async (t) => {
  const directory = join(t.testdir(), 'missing');
  const path = join(directory, 'l');
  const log = openLog(path);
  log.write('early\n');
  await log.told('log-failed');
  t.match(log.notices[0], {
    severity: 'error',
    log: path,
    text: `cannot open the log ${path}: no such file or directory; what is logged to it waits, and everybody is served`,
  });
  mkdirSync(directory);
  log.clock.advance(1_000);
  await log.told('log-restored');
  log.write('late\n');
  await log.finish(patience);
  t.equal(readFileSync(path, 'utf8'), 'early\nlate\n');
  t.strictSame(log.kinds(), ['log-failed', 'log-restored']);
});

t.test('where a rotation fails the old file is written, and the failure is told once', async (t) => {
  const directory = join(t.testdir({ logs: {} }), 'logs');
  const path = join(directory, 'l');
  const log = openLog(path);
  log.write('one\n');
  await log.flush(patience);
  renameSync(directory, `${directory}.away`);
  log.reopen();
  await log.told('log-failed');
  for (let count = 0; count < 5; count++) {
    log.write('two\n');
    await log.flush(patience);
    log.clock.advance(2_000);
  }
  t.equal(readFileSync(join(`${directory}.away`, 'l'), 'utf8'), `one\n${'two\n'.repeat(5)}`);
  t.strictSame(log.kinds(), ['log-failed']);
  mkdirSync(directory);
  log.reopen();
  await log.told('log-restored');
  log.write('three\n');
  await log.finish(patience);
  t.equal(readFileSync(path, 'utf8'), 'three\n');
});

t.test(
  'a device without room is told once, what does not fit is counted, and the end does not wait for it',
  async (t) => {
    const log = openLog('/dev/full');
    log.write('x\n');
    log.clock.advance(25);
    await log.told('log-failed');
    t.match(log.notices[0]?.text, /^cannot write the log \/dev\/full: no space left on device;/);
    for (let count = 0; count < 5; count++) {
      log.write('x\n');
      log.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.strictSame(log.kinds(), ['log-failed']);
    await log.finish(1);
    t.strictSame(log.kinds(), ['log-failed', 'log-lost']);
    t.equal(log.notices[1]?.lost, 6);
  },
);

t.test('what waits for a file is bounded, and what was lost is told when there is room', async (t) => {
  const directory = join(t.testdir(), 'missing');
  const log = openLog(join(directory, 'l'));
  await log.told('log-failed');
  const line = `${'x'.repeat(1_023)}\n`;
  for (let count = 0; count < 5_000; count++) log.write(line);
  mkdirSync(directory);
  log.clock.advance(1_000);
  await log.told('log-lost');
  await log.finish(patience);
  const kept = statSync(join(directory, 'l')).size / 1_024;
  t.equal(kept, 4_096);
  t.equal(log.notices.find(({ kind }) => kind === 'log-lost')?.lost, 5_000 - kept);
});

t.test('a FIFO gets lines when it has a reader', async (t) => {
  const path = join(t.testdir(), 'fifo');
  t.equal((await run('mkfifo', [path])).code, 0);
  const log = openLog(path);
  log.write('early\n');
  await log.told('log-failed');
  t.match(log.notices[0]?.text, /no such device or address/);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  log.clock.advance(1_000);
  await log.told('log-restored');
  await log.finish(patience);
  const read = Buffer.alloc(10_000);
  t.equal(read.toString('utf8', 0, readSync(reader, read)), 'early\n');
  closeSync(reader);
});

t.test('somebody else may append too', async (t) => {
  const path = join(t.testdir(), 'l');
  const log = openLog(path);
  log.write('one\n');
  await log.flush(patience);
  appendFileSync(path, 'other\n');
  log.write('two\n');
  await log.finish(patience);
  t.equal(readFileSync(path, 'utf8'), 'one\nother\ntwo\n');
});

const namespaces = spawnSync('unshare', ['--mount', 'true']).status === 0;

t.test(
  'a disk that is full loses nothing that fits into memory, and no line is torn',
  { skip: namespaces ? false : 'needs root and mount namespaces' },
  async (t) => {
    const program = fileURLToPath(new URL('../support/fill-log-file.js', import.meta.url));
    const mount = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"';
    const words = ['--mount', 'sh', '-c', mount, t.testdir(), process.execPath, program, t.testdirName];
    const { stdout, stderr, code } = await run('unshare', words, {
      environment: { PATH: searchPath, ...childEnvironment() },
    });
    t.equal(code, 0, stderr);
    t.match(JSON.parse(stdout), {
      kinds: ['log-failed', 'log-restored'],
      text: /no space left on device/,
      isWhole: true,
    });
  },
);
