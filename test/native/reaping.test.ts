// Every child's end is reported once, with its status and what it used.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { resourceNumber } from '../../src/model/recipe.ts';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, recipeOf } from '../support/engine.ts';

const handlers = compileHandlers('behave');
const behave = join(handlers, 'behave');
const { kernel, ended, endedCount } = openEngine(t);

const start = (...how: readonly string[]): number => {
  const recipe = recipeOf(kernel, behave, {
    arguments: ['behave', ...how],
    workingDirectory: handlers,
    resourceLimits: [{ resource: resourceNumber('core'), soft: 0, hard: -1 }],
  });
  return kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
};

t.test('exit codes and signals are those of wait(2)', async (t) => {
  for (const code of [0, 1, 127, 255]) t.equal((await ended(start('exit', `${code}`))).status, code << 8);
  for (const signal of [1, 9, 13, 15]) t.equal((await ended(start('signal', `${signal}`))).status, signal);
});

const corePattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const dumpsCore = /^[^|/]/.test(corePattern) ? false : `cores go elsewhere: ${corePattern}`;
t.test('a dumped core is told', { skip: dumpsCore }, async (t) => {
  const recipe = recipeOf(kernel, behave, {
    arguments: ['behave', 'signal', '6'],
    workingDirectory: handlers,
    resourceLimits: [{ resource: resourceNumber('core'), soft: -1, hard: -1 }],
  });
  t.equal((await ended(kernel.spawn(recipe, kernel.openNull(), undefined, 'give'))).status, 6 | 0x80);
  t.equal((await ended(start('signal', '6'))).status, 6);
});

t.test('the CPU time of a handler is its own', async (t) => {
  const { userMicroseconds, systemMicroseconds } = await ended(start('burn', '300'));
  const used = userMicroseconds + systemMicroseconds;
  t.ok(used >= 250_000 && used < 600_000, `${used} microseconds`);
  const idle = await ended(start('exit', '0'));
  t.ok(idle.userMicroseconds + idle.systemMicroseconds < 100_000);
});

t.test('peak memory is told where it exceeds our own, and 0 where nothing is known', async (t) => {
  const ownPeak = process.resourceUsage().maxRSS;
  const wanted = Math.max(300, Math.ceil(ownPeak / 1024) + 100);
  const { peakKibibytes } = await ended(start('touch', `${wanted}`));
  t.ok(peakKibibytes >= wanted * 1024 && peakKibibytes < (wanted + 20) * 1024, `${peakKibibytes} KiB`);
  for (let count = 0; count < 100; count++) {
    const tiny = await ended(start('exit', '0'));
    if (tiny.peakKibibytes !== 0) t.equal(tiny.peakKibibytes, 0);
  }
});

t.test('300 that end at once are all reported', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  const recipe = recipeOf(kernel, behave, { arguments: ['behave', 'wait'] });
  const pids = Array.from({ length: 300 }, () => kernel.spawn(recipe, ours, undefined, 'keep'));
  const before = endedCount();
  kernel.close(theirs);
  const ends = await Promise.all(pids.map(ended));
  kernel.close(ours);
  t.strictSame(new Set(ends.map(({ status }) => status)), new Set([0]));
  t.equal(endedCount() - before, 300);
});

const stateOf = (pid: number): string | undefined => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2)[0];
};

t.test('a child that has died before its pid could be written down is reported later', async (t) => {
  for (let count = 0; count < 20; count++) {
    const before = endedCount();
    const pid = start('exit', '3');
    const deadline = Date.now() + 5000;
    while (stateOf(pid) !== 'Z' && Date.now() < deadline);
    if (endedCount() !== before) t.fail('it was reported before anybody could know it');
    t.equal((await ended(pid)).status, 3 << 8);
  }
});

t.test(
  'what fails in a report is an uncaught exception, and the others are reported all the same',
  async (t) => {
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    t.teardown(() => process.removeAllListeners('uncaughtException'));
    const { ours, theirs } = kernel.openLogPair();
    kernel.watch(ours, () => {
      kernel.close(ours);
      throw new Error('on purpose');
    });
    kernel.close(theirs);
    t.match(await uncaught, { message: 'on purpose' });
    t.equal((await ended(start('exit', '4'))).status, 4 << 8);
  },
);

t.test('a program that Node runs synchronously meanwhile takes no report away', async (t) => {
  const early = start('exit', '5');
  const text = execFileSync(behave, ['write', 'text'], { env: {}, encoding: 'utf8' });
  t.equal(text, 'text');
  t.equal((await ended(early)).status, 5 << 8);
  t.equal((await ended(start('exit', '6'))).status, 6 << 8);
});
