// What ends servers after a test ends all that they have started, too, told of or not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import t from 'tap';
import { becomes } from './becomes.ts';
import { killTree } from './process-tree.ts';

t.test('a process, its children and theirs are killed, in sessions of their own, too', async (t) => {
  const script = '(setsid sh -c "sleep 600 & echo $!; wait" & wait) & wait';
  const child = spawn('/bin/sh', ['-c', script.replace('echo $!', 'echo \\$!')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const grandchild = Number(line);
  t.ok(existsSync(`/proc/${grandchild}`));
  const ended = once(child, 'close');
  await killTree(child.pid ?? 0);
  // the pipe is closed when the last who has it has gone
  t.strictSame(await ended, [null, 'SIGKILL']);
  await becomes(() => !existsSync(`/proc/${grandchild}`));
  t.notOk(existsSync(`/proc/${grandchild}`));
});

t.test('one that has ended is no trouble', async (t) => {
  const child = spawn('/bin/true', { stdio: 'ignore' });
  await once(child, 'exit');
  await killTree(child.pid ?? 0);
  t.pass();
});
