// What a handler finds, and how its end is told, where clone3(2) is not to be had.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compileHandlers } from '../support/compile.ts';

const instrumented = process.env['ACCEPTD_TEST_INSTRUMENTED'] === '1';

t.test(
  'handlers find the same, and their ends are told the same, without clone3',
  { skip: instrumented ? 'the preloaded sanitizer is not for the filter' : false },
  async (t) => {
    const filter = join(compileHandlers('without-clone3'), 'without-clone3');
    const probe = spawnSync(filter, [process.execPath, '--version']);
    if (probe.status !== 0) return t.comment('no filter may be installed here', `${probe.stderr}`);
    for (const name of ['handler', 'reaping', 'failure']) {
      const file = fileURLToPath(new URL(`./${name}.test.js`, import.meta.url));
      const { status, stdout } = spawnSync(filter, [process.execPath, file], {
        env: { PATH: process.env['PATH'] ?? '' },
        encoding: 'utf8',
        timeout: 60_000,
      });
      t.equal(status, 0, name, status === 0 ? {} : { output: stdout.split('\n').slice(-40) });
    }
  },
);
