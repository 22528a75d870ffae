// Another program in place of this process: its pid, its words, its signals.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { childEnvironment } from '../support/environment.ts';

const become = fileURLToPath(new URL('../support/become.js', import.meta.url));

/** What a Node says that becomes this program, its pid before, and the descriptor that it passes on. */
const becomes = (path: string, ...argv: readonly string[]) => {
  const { stdout, status } = spawnSync(process.execPath, [become, path, ...argv], {
    env: childEnvironment(),
    encoding: 'utf8',
    timeout: 30_000,
  });
  const [first = '', ...lines] = stdout.trimEnd().split('\n');
  const [pid, kept] = first.split(' ');
  return { pid, kept, lines, status };
};

t.test('a process becomes another program, with its words and its variables and nothing else', async (t) => {
  const { pid, lines, status } = becomes('/bin/sh', 'named', '-c', 'echo $$ "$0"; env; exit 7', 'name');
  t.equal(lines[0], `${pid} name`);
  t.ok(lines.includes('GREETING=hello'));
  t.strictSame(
    lines.filter((line) => /^(ABSENT|NODE_)/.test(line)),
    [],
  );
  t.equal(status, 7);
});

t.test('the new program has every signal at its default and none blocked', async (t) => {
  const { lines } = becomes('/bin/sed', 'sed', '-nE', '/^Sig(Blk|Ign|Cgt)/p', '/proc/self/status');
  const none = '0000000000000000';
  t.strictSame(lines, [`SigBlk:\t${none}`, `SigIgn:\t${none}`, `SigCgt:\t${none}`]);
});

t.test('the new program has the descriptors that it was to have and no others', async (t) => {
  const { kept, lines } = becomes('/bin/sh', 'sh', '-c', 'readlink /proc/$$/fd/*; ls -v /proc/$$/fd');
  t.strictSame(lines.slice(-4), ['0', '1', '2', kept], 'stdin, stdout, stderr and the one');
  t.ok(lines.includes('/dev/null'));
  t.notOk(lines.includes('/dev/zero'));
});

t.test('a program that cannot be executed is told, and the process goes on', async (t) => {
  const { lines, status } = becomes('/nonexistent/program', 'program');
  t.strictSame(lines, ['ENOENT cannot execute /nonexistent/program: no such file or directory']);
  t.equal(status, 0);
});
