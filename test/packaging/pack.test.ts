// Packs acceptd, installs the package as a user would, with and without a compiler, and runs what was installed.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import t, { type Test } from 'tap';

const root = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
};

const { PATH = '' } = process.env;
/** tap's and npm's own variables would change what the npm below does. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(NODE_OPTIONS|_?TAP.*|npm_(?!config_(registry|cache|userconfig)$).*)$/i.test(name),
  ),
);

type Outcome = { readonly status: number; readonly output: string; readonly errors: string };
type Options = { readonly path?: string; readonly in?: string };

const run = (program: string, args: readonly string[], options: Options = {}): Promise<Outcome> =>
  new Promise((settle) => {
    const env = { ...environment, PATH: options.path ?? PATH };
    execFile(program, args, { env, cwd: options.in ?? root }, (error, output, errors) => {
      settle({
        status: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
        output,
        errors,
      });
    });
  });

const findInPath = (program: string): string | undefined =>
  PATH.split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));

const folder = t.testdir();
t.setTimeout(300_000);

/** A PATH with node, npm and a shell, and nothing that compiles. */
const withoutCompiler = join(folder, 'without-compiler');
mkdirSync(withoutCompiler);
for (const program of ['node', 'npm', 'sh', 'env']) {
  const file = program === 'node' ? process.execPath : findInPath(program);
  if (file !== undefined) symlinkSync(realpathSync(file), join(withoutCompiler, program));
}

/** Scripts are off: what is packed is what `npm run build` made before the tests, and tsc must not run beside them. */
const pack = async (source: string, destination: string): Promise<string> => {
  mkdirSync(destination);
  const packed = await run(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', destination],
    {
      in: source,
    },
  );
  return join(destination, packed.output.trim());
};

const whyNotInstalled = (outcome: Outcome): string | false =>
  /\b(ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ECONNRESET)\b/.test(outcome.errors)
    ? 'the package registry cannot be reached'
    : false;

const install = (tarball: string, prefix: string, path?: string): Promise<Outcome> =>
  run(
    'npm',
    ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', tarball],
    path === undefined ? {} : { path },
  );

const showsThatItRuns = async (test: Test, prefix: string, path?: string): Promise<void> => {
  const options = path === undefined ? {} : { path };
  const loader = join(prefix, 'lib/node_modules/acceptd/native/load.cjs');
  test.match(
    await run('node', ['-e', `require(${JSON.stringify(loader)})`], options),
    { status: 0 },
    'the addon loads',
  );
  const command = join(prefix, 'bin/acceptd');
  const shown = await run(command, ['--version'], options);
  test.match(shown, { status: 0, output: new RegExp(`^(acceptd )?${version}\\n$`) }, '--version');
  const guarded = await run(command, ['run', '--guard', '-f', join(folder, 'absent.conf')], options);
  test.match(guarded, { status: 78, errors: /^acceptd: no service to run.*\n$/ }, 'the guard runs');
  const help = await run(command, ['--help'], options);
  test.match(help, { status: 0, output: /acceptd run/, errors: '' }, '--help');
};

const tarball = await pack(root, join(folder, 'packed'));
const unpacked = join(folder, 'package');
await run('tar', ['-xzf', tarball, '-C', folder]);
const bare = join(folder, 'bare.tgz');

t.test('the package has what runs and what builds, and nothing else', async (t) => {
  const { output } = await run('tar', ['-tzf', tarball]);
  const names = output
    .trim()
    .split('\n')
    .map((name) => name.replace(/^package\//, ''));
  for (const name of [
    'dist/acceptd/main.js',
    'native/addon.cc',
    'native/Makefile',
    'native/guard/guard.cc',
    'native/load.cjs',
    'conf/acceptd.conf',
    'docs/convert.md',
  ]) {
    t.ok(names.includes(name), name);
  }
  const strangers = names.filter(
    (name) =>
      !/^(dist\/acceptd|conf|docs|native)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(name) ||
      /^native\/(build|portable)/.test(name),
  );
  t.strictSame(strangers, []);
});

t.test('without a prebuilt addon and without a compiler the installation says what is missing', async (t) => {
  rmSync(join(unpacked, 'native/prebuilds'), { recursive: true, force: true });
  await run('tar', ['-czf', bare, '-C', folder, 'package']);
  const outcome = await run('node', [join(unpacked, 'native/install.cjs')], { path: withoutCompiler });
  t.equal(outcome.status, 1);
  t.match(
    outcome.errors,
    /^acceptd: cannot build the native addon .*: make and g\+\+ not found; .*apt-get install g\+\+ make.*\n$/,
  );
});

t.test('without a prebuilt addon it builds one', async (t) => {
  if (findInPath('make') === undefined || findInPath('g++') === undefined)
    return t.pass('a build', { skip: 'there is no compiler here' });
  const prefix = join(folder, 'built');
  const outcome = await install(bare, prefix);
  const why = whyNotInstalled(outcome);
  if (why !== false) return t.pass('an installation', { skip: why });
  t.match(outcome, { status: 0 }, 'the installation');
  for (const name of ['acceptd.node', 'acceptd-guard']) {
    t.ok(existsSync(join(prefix, 'lib/node_modules/acceptd/native/build', name)), `it built ${name}`);
  }
  await showsThatItRuns(t, prefix);
});

t.test('with a prebuilt addon it needs no compiler', async (t) => {
  const target = process.arch === 'x64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu';
  if (findInPath(`${target}-g++`) === undefined)
    return t.pass('a build', { skip: 'there is no compiler here' });
  const file = join(unpacked, 'native/prebuilds', `linux-${process.arch}.node`);
  const make = ['-C', join(root, 'native'), '-j2', `PREBUILDS=${dirname(file)}`, file];
  t.match(await run('make', make), { status: 0, output: /: glibc [0-9.]+ or newer/ }, 'make prebuilds');
  const prefix = join(folder, 'prebuilt');
  const outcome = await install(await pack(unpacked, join(folder, 'repacked')), prefix, withoutCompiler);
  const why = whyNotInstalled(outcome);
  if (why !== false) return t.pass('an installation', { skip: why });
  t.match(outcome, { status: 0 }, 'the installation');
  t.notOk(existsSync(join(prefix, 'lib/node_modules/acceptd/native/build')), 'it did not build');
  await showsThatItRuns(t, prefix, withoutCompiler);
});
