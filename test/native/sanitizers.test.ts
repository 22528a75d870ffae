// The tests of the engine once more under AddressSanitizer and UndefinedBehaviorSanitizer, and a short day under valgrind.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));
const path = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };

/** What a program prints, or undefined where it does not exist or fails. */
const ask = (program: string, ...how: readonly string[]): string | undefined => {
  try {
    return execFileSync(program, how, {
      env: path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
};

const run = async (
  program: string,
  how: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly text: string }> => {
  const child = spawn(program, how, {
    cwd: root,
    env: { ...path, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, text: Buffer.concat(output).toString() };
};

/** The last lines of what a program said, for a test that fails. */
const tail = (text: string): readonly string[] => text.trimEnd().split('\n').slice(-60);

t.setTimeout(900_000);

const library = ask('c++', '-print-file-name=libasan.so');
// the compiler answers with the bare name where it has no such file
const hasLibrary = library !== undefined && existsSync(library);

t.test(
  'the tests of the engine are clean under AddressSanitizer and UBSan',
  { skip: hasLibrary ? false : 'the compiler has no libasan' },
  async (t) => {
    const built = await run('make', ['-s', '-C', 'native', 'asan'], {});
    if (built.code !== 0) {
      t.fail('the addon cannot be built', { output: tail(built.text) });
      return;
    }
    const environment = {
      ACCEPTD_ADDON: join(root, 'native/build-asan/acceptd.node'),
      ACCEPTD_TEST_INSTRUMENTED: '1',
      LD_PRELOAD: library ?? '',
      // V8 never frees what it still has at the end; freed memory is kept back only as far as the memory tests allow
      ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=4:exitcode=99',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    };
    const names = readdirSync(here).filter(
      (name) => /\.test\.js$/.test(name) && !name.startsWith('sanitizers'),
    );
    const check = async (name: string): Promise<void> => {
      const { code, text } = await run(process.execPath, [join(here, name)], environment);
      const isClean = code === 0 && !/AddressSanitizer|runtime error:/.test(text);
      t.ok(isClean, `${name}: status ${code}`, isClean ? {} : { output: tail(text) });
    };
    // two at a time: each waits as much as it works
    const queue = names.values();
    const checkAll = async (): Promise<void> => {
      for (const name of queue) await check(name);
    };
    await Promise.all([checkAll(), checkAll()]);
  },
);

t.test(
  'an ordinary day is clean under valgrind',
  { skip: ask('valgrind', '--version') === undefined ? 'there is no valgrind' : false },
  async (t) => {
    const logs = mkdtempSync(join(tmpdir(), 'acceptd-valgrind-'));
    t.teardown(() => rmSync(logs, { recursive: true }));
    const how = [
      '-q',
      `--log-file=${join(logs, '%p.log')}`,
      process.execPath,
      join(here, '../support/ordinary-day.js'),
    ];
    const { code, text } = await run('valgrind', how, { ACCEPTD_TEST_COPIES_MEMORY: '1' });
    t.equal(code, 0, 'the day ends well', code === 0 ? {} : { output: tail(text) });
    // V8 makes code that valgrind does not understand: only what concerns the addon counts
    const complaints = readdirSync(logs)
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split(/^==\d+== \n/m))
      .filter((block) => block.includes('acceptd.node'));
    t.strictSame(complaints, []);
  },
);
