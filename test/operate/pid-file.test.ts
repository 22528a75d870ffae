// The pid file: whole, ours, and no hindrance when it is stale.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findRunning, removePidFile, writePidFile } from '../../src/operate/pid-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
const path = join(directory, 'pid');
t.teardown(() => rmSync(directory, { recursive: true }));

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

t.test('it holds our number, and nothing else lies beside it', (t) => {
  writePidFile(path);
  t.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  t.strictSame(readdirSync(directory), ['pid']);
  t.end();
});

t.test('our own is removed, a successor’s is not', (t) => {
  writePidFile(path);
  removePidFile(path);
  t.notOk(existsSync(path));
  writeFileSync(path, '1\n');
  removePidFile(path);
  t.ok(existsSync(path));
  t.end();
});

t.test('somebody runs only when a living process of our name has the number', (t) => {
  const parent = process.ppid;
  writeFileSync(path, `${parent}\n`);
  t.equal(findRunning(path, [nameOf(parent)]), parent);
  t.equal(findRunning(path, ['another']), undefined, 'the number belongs to another program by now');
  writeFileSync(path, `${process.pid}\n`);
  t.equal(findRunning(path, [nameOf(process.pid)]), undefined, 'our own number is no other');
  for (const text of ['', 'text', '0', '-5', '4194305', '999999999999999999999']) {
    writeFileSync(path, text);
    t.equal(findRunning(path, [nameOf(parent)]), undefined, JSON.stringify(text));
  }
  rmSync(path);
  t.equal(findRunning(path, [nameOf(parent)]), undefined, 'no file');
  t.end();
});
