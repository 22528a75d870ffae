// The guard alone, with small programs in the place of acceptd: what ends it, what it keeps, whom it reaps.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { guardProgram } from '../../src/native/guard-program.ts';
import { searchPath } from '../support/command.ts';
import { childEnvironment, isInstrumented } from '../support/environment.ts';

const guarded = fileURLToPath(new URL('../support/guarded.js', import.meta.url));

type Environment = Readonly<Record<string, string>>;

const startGuard = (t: Test, words: readonly string[], more: Environment = {}) => {
  const child = spawn(guardProgram, words, {
    env: { PATH: searchPath, ...childEnvironment(), ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ end: code ?? signal, output, errors }));
  return { pid: child.pid ?? 0, child, ended, errors: () => errors };
};

const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script];

/** Looks until it is so; the test's own time is the limit. */
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

t.setTimeout(120_000);

t.test('a first start that fails ends the guard with the same status', async (t) => {
  for (const status of [0, 1, 64, 70, 71, 78]) {
    const { end } = await startGuard(t, shell(`exit ${status}`)).ended;
    t.equal(end, status);
  }
});

t.test('a program that a signal ends is started again until it ends by itself', async (t) => {
  const file = join(t.testdir(), 'starts');
  const script = `echo "$ACCEPTD_RESTARTED" >>${file}; [ "$(wc -l <${file})" -ge 4 ] && exit 78; kill -USR1 $$`;
  const { end, errors } = await startGuard(t, shell(script)).ended;
  t.equal(end, 78);
  t.equal(readFileSync(file, 'utf8'), '\n1:signal 10:0\n2:signal 10:0\n3:signal 10:0\n');
  t.match(errors, /signal 10\), starting it again in 0 ms\n.*in 250 ms\n.*in 500 ms\n/);
});

t.test('a stop ends both, as the program ends', async (t) => {
  const words = shell('trap "exit 0" TERM; echo; while :; do sleep 0.05; done');
  const heeding = startGuard(t, words);
  await once(heeding.child.stdout, 'data');
  heeding.child.kill('SIGTERM');
  t.match(await heeding.ended, { end: 0 });
  const simple = startGuard(t, shell('echo; exec sleep 600'));
  await once(simple.child.stdout, 'data');
  simple.child.kill('SIGINT');
  t.match(await simple.ended, { end: 'SIGINT' });
});

t.test('a stop between two starts ends the guard', async (t) => {
  const { child, ended, errors } = startGuard(t, shell('kill -9 $$'));
  await until(() => errors().includes('in 2000 ms'));
  child.kill('SIGTERM');
  t.match(await ended, { end: 0 });
});

t.test('orphans are reaped, and counted when the program is started again', async (t) => {
  const file = join(t.testdir(), 'orphans');
  const script = `[ -n "$ACCEPTD_RESTARTED" ] && { echo "$ACCEPTD_RESTARTED" >${file}; exec sleep 600; }
    (sleep 600 >/dev/null 2>&1 & echo $! >${file}.pid); kill -9 $$`;
  const { child, pid, ended } = startGuard(t, shell(script));
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
  t.equal(readFileSync(file, 'utf8'), '1:signal 9:1\n');
  const orphan = Number(readFileSync(`${file}.pid`, 'utf8'));
  process.kill(orphan, 'SIGKILL');
  const children = (): readonly string[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  await until(() => children().length === 1);
  t.notOk(existsSync(`/proc/${orphan}`), 'no zombie stays');
  child.kill('SIGTERM');
  await ended;
});

t.test('descriptors that a program leaves are found by the next one, and nothing else is', async (t) => {
  for (const many of [0, 9, 600]) {
    const { end, output, errors } = await startGuard(t, [process.execPath, guarded, String(many)], {
      LISTEN_PID: '1',
      LISTEN_FDS: '4',
      FDSTORE: '1',
      WATCHDOG_PID: '1',
      SEEN: 'yes',
    }).ended;
    const names = Array.from({ length: many }, (_, index) => `name${index}`);
    const even = names.filter((_, index) => index > 0 && index % 2 === 0);
    t.equal(end, 0, errors);
    t.strictSame(JSON.parse(output), {
      isOwn: true,
      count: even.length + 2,
      names: [...even, 'name0', 'stored'],
      restarted: '1:signal 9:0',
      seen: 'yes',
    });
  }
});

t.test('without a program, or with an unknown option, it says how it is called', async (t) => {
  for (const words of [[], ['sh'], ['--watchdog', '5'], ['--watchdog', 'soon', '/bin/sh'], ['--help']]) {
    const { end, errors } = await startGuard(t, words).ended;
    t.equal(end, 64);
    t.match(errors, /^acceptd-guard: .*\n$/);
  }
  const { end, errors } = await startGuard(t, ['/nonexistent/acceptd']).ended;
  t.equal(end, 71);
  t.match(errors, /cannot execute \/nonexistent\/acceptd \(error 2\)/);
});

const skip = isInstrumented && 'memory is not what it is otherwise';
t.test('it has less than 1 MiB of memory of its own', { skip }, async (t) => {
  const { pid, child, ended } = startGuard(t, shell('echo; exec sleep 600'));
  await once(child.stdout, 'data');
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const own = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)]
    .map(([, kibibytes]) => Number(kibibytes))
    .reduce((sum, each) => sum + each, 0);
  t.ok(own > 0 && own < 256, `${own} KiB`);
  child.kill('SIGTERM');
  await ended;
});
