// The sample for logrotate is what logrotate understands.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hasProgram, run } from '../support/command.ts';

const sample = join(import.meta.dirname, '../../../conf/logrotate/acceptd');
const logrotate = '/usr/sbin/logrotate';

t.test('without a word', { skip: hasProgram(logrotate) ? false : 'there is no logrotate' }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [file, log] = [join(directory, 'conf'), join(directory, 'acceptd.json')];
  writeFileSync(file, readFileSync(sample, 'utf8').replace('/var/log/acceptd.json', log));
  writeFileSync(log, '{}\n');
  // it takes no file that others can write
  chmodSync(file, 0o644);
  const { code, stdout, stderr } = await run(logrotate, ['-f', '-s', join(directory, 'state'), file]);
  t.equal(code, 0);
  t.equal(stdout + stderr, '');
  t.equal(readFileSync(`${log}.1`, 'utf8'), '{}\n');
});
