// What the programs of a test find: a client that hands its environment on hands on what the test told, and no more.
import { rejects } from 'node:assert/strict';
import t from 'tap';
import { mustRun, run, searchPath } from './command.ts';

t.test('a program gets the variables that it is told, and none of the runner', async (t) => {
  const environment = { NAME: 'a value', EMPTY: '' };
  const shown = await mustRun('env', [], { environment });
  t.strictSame(shown.trimEnd().split('\n').toSorted(), [
    'EMPTY=',
    'LC_ALL=C',
    'NAME=a value',
    `PATH=${searchPath}`,
  ]);
});

t.test('a program that is not there rejects, one that fails does not', async (t) => {
  await rejects(run('no-such-program'), /no-such-program: env: .*No such file/);
  t.match(await run('sh', ['-c', 'echo env: is no word of mine; exit 127']), { code: 127 });
});
