// A file for its owner's eyes alone: never through somebody's link, never half of it.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { replaceFile } from '../../src/operate/private-file.ts';

t.test('it is 0600 whatever the umask is, and takes the place of an older one', async (t) => {
  const directory = t.testdir({ dump: 'old' });
  const path = join(directory, 'dump');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  await replaceFile(path, 'new');
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(readFileSync(path, 'utf8'), 'new');
  t.strictSame(readdirSync(directory), ['dump'], 'and nothing is left beside it');
});

t.test('a link at its path is replaced and what it leads to is not written to', async (t) => {
  const directory = t.testdir({ victim: 'precious' });
  const path = join(directory, 'dump');
  symlinkSync(join(directory, 'victim'), path);
  await replaceFile(path, 'state');
  t.equal(readFileSync(join(directory, 'victim'), 'utf8'), 'precious');
  t.ok(lstatSync(path).isFile());
  t.equal(readFileSync(path, 'utf8'), 'state');
});

t.test('where it cannot be put, nothing is left behind and the reason is told', async (t) => {
  const directory = t.testdir({});
  const path = join(directory, 'dump');
  mkdirSync(path);
  writeFileSync(join(path, 'in the way'), '');
  await t.rejects(replaceFile(path, 'state'), { code: /EISDIR|ENOTEMPTY/ });
  t.strictSame(readdirSync(directory), ['dump']);
  await t.rejects(replaceFile(join(directory, 'no', 'dump'), 'state'), { code: 'ENOENT' });
});
