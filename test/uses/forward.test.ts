// A TCP forward: redis behind a redirect, used by its own clients, by one at a time and by many.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { self } from '../conformance/stage.ts';
import { createDesk, startWith } from '../conformance/xinetd-stage.ts';
import { becomes } from '../support/becomes.ts';
import { hasProgram, mustRun, searchPath } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';
import { descriptorsOf } from './crowd.ts';

const needed = ['/usr/bin/redis-server', '/usr/bin/redis-cli', '/usr/bin/redis-benchmark'];
const missing = needed.filter((path) => !hasProgram(path));

const startRedis = async (t: Test, port: number, directory: string): Promise<void> => {
  const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  const child = spawn('redis-server', words, {
    env: { PATH: searchPath },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(async () => {
    const exit = once(child, 'exit');
    child.kill();
    await exit;
  });
  for await (const part of child.stdout) if (`${part}`.includes('Ready to accept connections')) break;
};

t.test(
  'redis behind a redirect serves its own clients, and every byte is accounted for',
  missing.length === 0 ? {} : { skip: `${missing.join(', ')} not installed: see .ci/packages` },
  async (t) => {
    const desk = createDesk(t);
    const [front = 0, back = 0] = await freePorts(2);
    await startRedis(t, back, desk.directory);
    const acceptd = await startWith(
      t,
      `${desk.defaults('log_on_success += TRAFFIC')}
service forward
{
	disable     = no
	flags       = REUSE
	type        = UNLISTED
	socket_type = stream
	port        = ${front}
	wait        = no
	user        = ${self}
	redirect    = 127.0.0.1 ${back}
	cps         = 100000 1
}
`,
    );
    const redis = (...words: readonly string[]): Promise<string> =>
      mustRun('redis-cli', ['-p', `${front}`, ...words]);
    t.equal(await redis('SET', 'colour', 'blue'), 'OK\n');
    t.equal(await redis('GET', 'colour'), 'blue\n');
    const large = 'x'.repeat(1 << 20);
    t.equal(await mustRun('redis-cli', ['-p', `${front}`, '-x', 'SET', 'large'], { input: large }), 'OK\n');
    t.equal((await redis('GET', 'large')).length, large.length + 1, 'a megabyte goes through both ways');

    const descriptors = descriptorsOf(acceptd);
    const count = 1000;
    // a connection of its own for each request, then a few connections with many
    await mustRun('redis-benchmark', [
      '-p',
      `${front}`,
      '-n',
      `${count}`,
      '-c',
      '20',
      '-k',
      '0',
      '-t',
      'incr',
      '-q',
    ]);
    await mustRun('redis-benchmark', ['-p', `${front}`, '-n', `${count}`, '-c', '20', '-t', 'incr', '-q']);
    t.equal(await redis('GET', 'counter:__rand_int__'), `${2 * count}\n`, 'each was carried out once');

    const of = (all: readonly string[], start: string): readonly string[] =>
      all.filter((each) => each.startsWith(`${start}: forward `));
    const entries = await desk.untilEntries(
      (all) =>
        of(all, 'START').length >= count &&
        ['EXIT', 'TRAFFIC'].every((start) => of(all, start).length === of(all, 'START').length),
    );
    t.equal(of(entries, 'TRAFFIC').length, of(entries, 'START').length, 'each has its TRAFFIC line');
    t.ok(
      of(entries, 'TRAFFIC').some(
        (each) =>
          / in=(\d+)/.exec(each)?.[1] !== undefined && Number(/ in=(\d+)/.exec(each)?.[1]) > large.length,
      ),
      'the megabyte is in one of them',
    );
    // a part of acceptd may still have been loading when it was counted first
    await becomes(() => descriptorsOf(acceptd) <= descriptors);
    t.ok(descriptorsOf(acceptd) <= descriptors, 'no descriptor is left');
    t.equal(await acceptd.stop(), 0);
  },
);
