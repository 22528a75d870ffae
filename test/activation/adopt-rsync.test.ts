// rsync as a daemon of its own: it binds, and gets ours.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openEngine } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { runHere } from '../support/program.ts';
import { tcp } from '../support/services.ts';
import { makeDirectory, openScene } from './adopt-scene.ts';

const rsync = '/usr/bin/rsync';
const engine = openEngine(t);
const options = { skip: !existsSync(rsync) && 'rsync is not installed' };

t.test('rsync --daemon serves its very first client, in a process of its own', options, async (t) => {
  const directory = makeDirectory(t);
  const port = await freePort();
  mkdirSync(join(directory, 'files'));
  writeFileSync(join(directory, 'files', 'one'), 'the content of one\n');
  const file = join(directory, 'rsyncd.conf');
  writeFileSync(file, `use chroot = no\n[m]\npath = ${directory}/files\n`);
  const daemon = ['--daemon', '--no-detach', `--config=${file}`, `--port=${port}`, '--address=127.0.0.1'];
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], [rsync, ...daemon]);
  const client = runHere(engine, rsync, ['-r', `rsync://127.0.0.1:${port}/m/`]);
  const adopted = await scene.startAtFirstClient();
  t.match((await client).text, /^.* one$/m);
  t.equal((await client).status, 0);
  const copy = join(directory, 'copy');
  const second = await runHere(engine, rsync, [`rsync://127.0.0.1:${port}/m/one`, copy]);
  t.equal(second.status, 0, second.text);
  t.ok(existsSync(copy));
  t.match(scene.addresses(adopted), [{ port }]);
  await scene.stop(adopted);
});
