// The long run, short: everything that happens in it happens once.
import t from 'tap';
import { hasProgram, run } from '../support/command.ts';

t.setTimeout(240_000);

const disturbances = [
  'handlers killed',
  'configuration reloaded',
  'upgraded in place',
  'log not read',
  'out of descriptors',
  'out of processes',
  'service paused',
];

t.test(
  'nobody is lost, all counts are right and nothing leaks, whatever happens',
  hasProgram('/usr/bin/prlimit') ? {} : { skip: 'prlimit (util-linux) is not installed' },
  async (t) => {
    const words = ['--connections', '1500', '--seconds', '12', '--disturb', '0.5', '--seed', '7'];
    const { code, stdout, stderr } = await run(process.execPath, ['dist/bench/soak/main.js', ...words], {
      timeout: 200_000,
    });
    t.equal(stderr, '');
    t.equal(code, 0);
    for (const each of disturbances) t.match(stdout, new RegExp(`${each} [1-9]`));
    t.match(stdout, /\| program +\| +[1-9]\d* /, 'clients were answered');
  },
);
