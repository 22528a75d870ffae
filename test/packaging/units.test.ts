// The units for running acceptd itself are what systemd accepts without a word.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { hasProgram, run } from '../support/command.ts';

const conf = fileURLToPath(new URL('../../../conf/', import.meta.url));
const analyze = '/usr/bin/systemd-analyze';
const without = { skip: hasProgram(analyze) ? false : 'there is no systemd-analyze' };

const verify = async (change: (text: string) => string): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  const service = join(directory, 'acceptd.service');
  const socket = join(directory, 'acceptd.socket');
  // it looks whether the program is there
  const text = readFileSync(join(conf, 'acceptd.service'), 'utf8').replace('/usr/bin/acceptd', '/bin/true');
  writeFileSync(service, change(text));
  copyFileSync(join(conf, 'acceptd.socket'), socket);
  const { stdout, stderr } = await run(analyze, ['--man=no', 'verify', service, socket]);
  rmSync(directory, { recursive: true });
  return (stdout + stderr)
    .split('\n')
    .filter((line) => line.includes('acceptd'))
    .join('\n');
};

t.test('systemd has nothing to say about the units', without, async (t) => {
  t.equal(await verify((text) => text), '');
  t.match(await verify((text) => text.replace('WatchdogSec=', 'WatchdogTime=')), /WatchdogTime/, 'it looks');
});
