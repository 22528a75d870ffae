// The pair through which handlers log, and writes that never wait.
import { constants, openSync, readSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../src/native.ts';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, readable, recipeOf } from '../support/engine.ts';

const directory = compileHandlers('behave');
const behave = join(directory, 'behave');
const pipe = join(directory, 'pipe');
execFileSync('mkfifo', [pipe], { env: { PATH: '/usr/bin:/bin' } });
const { kernel, ended } = openEngine();
const room = Buffer.alloc(65_536);

t.test('each writer of a log is known by its pid', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  t.equal(kernel.receiveLog(ours, room), undefined);
  const written = new Map<number, string>();
  for (const text of ['one', 'two', 'three']) {
    const recipe = recipeOf(kernel, behave, { arguments: ['behave', 'write', text], layout: ['null', theirs] });
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

/** A blocking descriptor, as stderr is: both ends of a pipe are open, so that neither open waits. */
const openPipe = (): { readonly reader: number; readonly writer: Descriptor } => {
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const number = openSync(pipe, constants.O_WRONLY);
  // the engine has no call that opens a pipe: a descriptor of its own takes the number over
  const descriptor = kernel.openNull();
  kernel.close(descriptor);
  return { reader, writer: Object.assign(number, {}) as never as Descriptor };
};

t.test('a write to a pipe takes what there is room for', async (t) => {
  const { reader, writer } = openPipe();
  let written = 0;
  for (let taken = kernel.write(writer, room); taken !== undefined; taken = kernel.write(writer, room)) {
    t.ok(taken > 0);
    written += taken;
  }
  t.equal(written, 65_536);
  t.equal(kernel.write(writer, Buffer.from('.')), undefined);
  readSync(reader, room, 0, 8192, null);
  t.ok((kernel.write(writer, room) ?? 0) > 0);
  kernel.close(writer);
  t.ok(await readable(kernel, Object.assign(reader, {}) as never as Descriptor));
});
