// After many thousand handlers everything is where it was.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, openManyListeners, recipeOf } from '../support/engine.ts';
import { isInstrumented } from '../support/environment.ts';

// a tenth of it where a tool makes everything slow
const total = isInstrumented ? 2000 : 20_000;
const concurrent = 16;
/** Kibibytes: what V8 and tap come and go by; a little more than 1 KiB for each handler would be more. */
const tolerated = 24_576;
const behave = join(compileHandlers('behave'), 'behave');
const { kernel, ended } = openEngine(t);

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

const kibibytes = (file: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1]);

const measure = () => {
  if (typeof collectGarbage === 'function') collectGarbage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
    mappings: readFileSync('/proc/self/maps', 'utf8').split('\n').length,
    // without what JavaScript has, which comes and goes by megabytes
    dirty:
      kibibytes('/proc/self/smaps_rollup', 'Private_Dirty') -
      Math.ceil(process.memoryUsage().heapTotal / 1024),
    data: kibibytes('/proc/self/status', 'VmData'),
  };
};

const spawnMany = async (count: number): Promise<void> => {
  const recipe = recipeOf(kernel, behave, { pidVariables: ['LISTEN_PID'] });
  const missing = recipeOf(kernel, '/nowhere/program');
  const spawnInTurn = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      // one in a hundred does not even start
      const each = turn % 100 === 99 ? missing : recipe;
      const { failure } = await ended(kernel.spawn(each, kernel.openNull(), undefined, 'give'));
      if ((failure !== undefined) !== (each === missing)) throw new Error(`unexpected: ${failure?.what}`);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, () => spawnInTurn(count / concurrent)));
};

const testEndurance = async (t: Test): Promise<void> => {
  await spawnMany(total / 5);
  const before = measure();
  await spawnMany(total);
  const after = measure();
  t.equal(after.descriptors, before.descriptors, 'descriptors');
  t.equal(after.children, '', 'no child and no zombie is left');
  // V8 maps and unmaps pages of its heap; a mapping lost with each start would be 20,000
  t.ok(after.mappings <= before.mappings + 128, `mappings: ${before.mappings}, then ${after.mappings}`);
  t.ok(after.dirty <= before.dirty + tolerated, `dirty: ${before.dirty}, then ${after.dirty}`);
  t.ok(after.data <= before.data + 2 * tolerated, `data: ${before.data}, then ${after.data}`);
};

t.setTimeout(120_000);

t.test(`${total} handlers with a copied table leave nothing behind`, testEndurance);

t.test(`${total} handlers in the shared table leave nothing behind`, async (t) => {
  const many = openManyListeners(kernel);
  await testEndurance(t);
  for (const each of many) kernel.close(each);
});
