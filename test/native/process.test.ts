// acceptd's own process: its memory when idle, its end.
import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compileHandlers } from '../support/compile.ts';
import { childEnvironment, isInstrumented } from '../support/environment.ts';

const support = (name: string): string => fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));

const skip = isInstrumented && 'memory is not what it is otherwise';
t.test('a trimmed process is smaller and works on', { skip }, async (t) => {
  // a node of its own: pages that other processes have in use too stay
  const own = join(compileHandlers(), 'node');
  copyFileSync(process.execPath, own);
  const descriptor = openSync(own, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
  const text = execFileSync(own, [support('trim-memory')], {
    env: childEnvironment(),
    encoding: 'utf8',
    timeout: 30_000,
  });
  const { before, after, sum } = JSON.parse(text);
  t.ok(after < before * 0.75, `${before} KiB resident, then ${after}`);
  t.equal(sum, 6);
});

t.test('a process that ends while events and children come ends cleanly', async (t) => {
  for (let count = 0; count < 10; count++) {
    execFileSync(process.execPath, [support('end-while-busy')], { env: childEnvironment(), timeout: 20_000 });
  }
  t.pass('ten times, with exit status 0');
});
