// The pair through which handlers log, and writes that never wait.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, recipeOf } from '../support/engine.ts';
import { childEnvironment } from '../support/environment.ts';

const directory = compileHandlers('behave');
const behave = join(directory, 'behave');
const pipe = join(directory, 'pipe');
const fillStandardError = fileURLToPath(new URL('../support/fill-standard-error.js', import.meta.url));
const { kernel, ended } = openEngine(t);
const room = Buffer.alloc(65_536);

t.test('each writer of a log is known by its pid', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  t.equal(kernel.receiveLog(ours, room), undefined);
  const written = new Map<number, string>();
  for (const text of ['one', 'two', 'three']) {
    const recipe = recipeOf(kernel, behave, {
      arguments: ['behave', 'write', text],
      layout: ['null', theirs],
    });
    written.set(kernel.spawn(recipe, kernel.openNull(), undefined, 'give'), text);
  }
  await Promise.all([...written.keys()].map(ended));
  kernel.close(theirs);
  const found = new Map<number, string>();
  for (;;) {
    const got = kernel.receiveLog(ours, room);
    if (got === undefined || got.length === 0) break;
    found.set(got.pid, room.toString('latin1', 0, got.length));
  }
  t.strictSame(new Map([...found].sort()), new Map([...written].sort()));
  t.strictSame(kernel.receiveLog(ours, room), { length: 0, pid: 0 }, 'then all writers are gone');
  kernel.close(ours);
});

t.test('a log line is read as far as there is room', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  kernel.write(theirs, Buffer.from('abcdef'));
  const small = Buffer.alloc(4);
  t.strictSame(kernel.receiveLog(ours, small), { length: 4, pid: process.pid });
  t.strictSame(kernel.receiveLog(ours, small), { length: 2, pid: process.pid });
  t.equal(kernel.write(ours, Buffer.from('x')), -1, 'nothing goes the other way');
  kernel.close(theirs);
  kernel.close(ours);
});

t.test('a write to a full socket, pipe or a closed one does not wait', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  while (kernel.write(theirs, room) !== undefined);
  t.equal(kernel.write(theirs, Buffer.from('.')), undefined);
  kernel.close(ours);
  t.equal(kernel.write(theirs, Buffer.from('.')), -1);
  kernel.close(theirs);
});

t.test('a write to a pipe takes what there is room for and does not wait', async (t) => {
  // a named pipe, because what Node calls a pipe is a socket
  execFileSync('mkfifo', [pipe], { env: { PATH: '/usr/bin:/bin' } });
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(pipe, constants.O_WRONLY);
  const text = execFileSync(process.execPath, [fillStandardError], {
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', writer],
    encoding: 'utf8',
    timeout: 20_000,
  });
  t.equal(text, '65536\n', 'as much as a pipe holds');
  closeSync(writer);
  closeSync(reader);
});
