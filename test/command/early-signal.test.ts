// A signal before there is a server that could do what it asks for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { mustRun } from '../support/command.ts';
import { mainModule, temporaryDirectory } from './stage.ts';

t.test('USR1 never opens the debugger, also while the configuration is still read', async (t) => {
  const pipe = join(temporaryDirectory(t), 'xinetd.conf');
  await mustRun('mkfifo', [pipe]);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [mainModule, 'check', '-f', pipe], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    said += text;
  });
  const end = once(child, 'close');
  // opens when acceptd has opened it to read, and then waits for what is written there
  const writer = await open(pipe, 'w');
  child.kill('SIGUSR1');
  await writer.writeFile('defaults\n{\n}\n');
  await writer.close();
  t.same(await end, [0, null]);
  t.notMatch(said, /Debugger/);
});
