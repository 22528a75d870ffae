// A start that fails says at which step, and why.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type RecipeRequest, resourceNumber } from '../../src/model/recipe.ts';
import type { Ended } from '../../src/native/kernel.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  connectTo,
  listenAt,
  loopback,
  openEngine,
  openManyListeners,
  readAll,
  recipeOf,
  serve,
} from '../support/engine.ts';

const handlers = compileHandlers('behave');
const behave = join(handlers, 'behave');
const unprivileged = 65534;
const engine = openEngine(t);
const { kernel, ended } = engine;
const listener = listenAt(kernel, loopback(4));
const where = { host: '127.0.0.1', port: kernel.portOf(listener) };

const start = async (file: string, rest: Partial<RecipeRequest>): Promise<Ended> => {
  const { text, ended } = await serve(engine, listener, recipeOf(kernel, file, rest), where);
  t.equal(text, '', 'the client gets the end of the connection');
  return ended;
};

const testFailures = (t: Test): void => {
  const check = (
    name: string,
    file: string,
    rest: Partial<RecipeRequest>,
    failure: { readonly code: string; readonly what: string },
  ): void => {
    t.test(name, async (t) => t.strictSame((await start(file, rest)).failure, failure));
  };

  check(
    'a program that does not exist',
    join(handlers, 'nothing'),
    {},
    {
      code: 'ENOENT',
      what: 'cannot execute %: no such file or directory',
    },
  );
  const plain = join(handlers, 'plain');
  writeFileSync(plain, 'text');
  chmodSync(plain, 0o644);
  check(
    'a file that is not executable',
    plain,
    {},
    {
      code: 'EACCES',
      what: 'cannot execute %: permission denied',
    },
  );
  const garbage = join(handlers, 'garbage');
  writeFileSync(garbage, 'text');
  chmodSync(garbage, 0o755);
  check(
    'a file that is no program',
    garbage,
    {},
    {
      code: 'ENOEXEC',
      what: 'cannot execute %: exec format error',
    },
  );
  const script = join(handlers, 'script');
  writeFileSync(script, '#!/nowhere/interpreter\n');
  chmodSync(script, 0o755);
  check(
    'a script whose interpreter does not exist',
    script,
    {},
    {
      code: 'ENOENT',
      what: 'cannot execute %: no such file or directory',
    },
  );
  check(
    'a working directory that does not exist',
    behave,
    { workingDirectory: '/nowhere' },
    {
      code: 'ENOENT',
      what: 'cannot change the working directory of %: no such file or directory',
    },
  );
  check(
    'a working directory that is a file',
    behave,
    { workingDirectory: behave },
    {
      code: 'ENOTDIR',
      what: 'cannot change the working directory of %: not a directory',
    },
  );
  check(
    'a root directory that does not exist',
    behave,
    { rootDirectory: '/nowhere' },
    {
      code: 'ENOENT',
      what: 'cannot change the root directory of %: no such file or directory',
    },
  );
  check(
    'a limit whose soft part is above the hard one',
    behave,
    { resourceLimits: [{ resource: resourceNumber('core'), soft: 2, hard: 1 }] },
    { code: 'EINVAL', what: 'cannot set the resource limits of %: invalid argument' },
  );
  t.test('a descriptor of the layout that is closed', async (t) => {
    const gone = kernel.openNull();
    kernel.close(gone);
    const { failure } = await start(behave, { layout: ['handed', 'handed', gone] });
    // the connection may have taken the number meanwhile
    if (failure !== undefined) t.equal(failure.code, 'EBADF');
  });
  t.test('a handler that fails by itself is no failed start', async (t) => {
    const { failure, status } = await start(behave, { arguments: ['behave', 'exit', '127'] });
    t.strictSame([failure, status], [undefined, 127 << 8]);
  });
};

t.test('a start with a copied table', async (t) => testFailures(t));

t.test('a start in the shared table', async (t) => {
  const many = openManyListeners(kernel);
  testFailures(t);
  t.test('leaves nothing open', async () => {
    for (const each of many) kernel.close(each);
  });
});

t.test('the reason is kept while others start', async (t) => {
  const missing = recipeOf(kernel, '/nowhere/program');
  const good = recipeOf(kernel, behave);
  const pids = Array.from({ length: 20 }, () => {
    const pid = kernel.spawn(missing, kernel.openNull(), undefined, 'give');
    // it has ended, but nobody has asked how
    const deadline = Date.now() + 5000;
    while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')) && Date.now() < deadline);
    return { pid, next: kernel.spawn(good, kernel.openNull(), undefined, 'give') };
  });
  for (const { pid, next } of pids) {
    t.equal((await ended(pid)).failure?.code, 'ENOENT');
    t.equal((await ended(next)).failure, undefined);
  }
});

t.test('variables that do not fit are an error, and the connection stays with the caller', async (t) => {
  const addressVariables = Array.from({ length: 200 }, (_, index) => ({
    name: `VARIABLE_${index}`.padEnd(60, 'X'),
    field: 'remoteAddress' as const,
  }));
  const { client, accepted } = await connectTo(kernel, listener, where);
  const recipe = recipeOf(kernel, behave, { addressVariables });
  t.throws(() => kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give'), { code: 'E2BIG' });
  t.equal(kernel.write(accepted.descriptor, Buffer.from('still here')), 10);
  kernel.close(accepted.descriptor);
  t.equal(await readAll(client), 'still here');
});

t.test(
  'without privilege',
  { skip: process.getuid?.() === 0 ? false : 'only root can become another user' },
  async (t) => {
    // from here on this process is nobody: nothing that needs root comes after this
    process.setgroups?.([]);
    process.setegid?.(unprivileged);
    process.seteuid?.(unprivileged);
    t.teardown(() => {
      process.seteuid?.(0);
      process.setegid?.(0);
    });
    const credentials = { uid: 0, gid: 0, groups: [] };
    const refused: readonly (readonly [string, Partial<RecipeRequest>, string])[] = [
      ['set the groups of', { credentials }, 'EPERM'],
      ['change the root directory of', { rootDirectory: '/' }, 'EPERM'],
      ['set the priority of', { nice: -5 }, 'EACCES'],
      [
        'set the resource limits of',
        { resourceLimits: [{ resource: resourceNumber('msgqueue'), soft: -1, hard: -1 }] },
        'EPERM',
      ],
    ];
    for (const [stage, rest, code] of refused) {
      const { failure } = await start(behave, rest);
      t.equal(failure?.code, code);
      t.match(failure?.what, `cannot ${stage} %: `);
    }
  },
);
