// What is needed for a moment is forgotten: no copy of it outlives its use, however often it is run.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { compileFunction, runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { Wish } from '../../src/command/parser.ts';
import { defaultLoadOptions } from '../../src/config/options.ts';
import type { Loaded } from '../../src/config/reading.ts';
import { machine } from '../../src/operate/machine.ts';
import { readPassing, repeatPassing, runPassing } from '../../src/operate/passing.ts';
import { me } from '../daemon/scene.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { freePort } from '../support/ports.ts';

const bundled = (name: string): string => fileURLToPath(new URL(`../../acceptd/${name}`, import.meta.url));

const collect = (): unknown => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc()');
};

/** The copies that are still there, when none should be; the collector may need a few rounds. */
const countLeft = async (copies: readonly WeakRef<object>[]): Promise<number> => {
  const count = (): number => copies.filter((copy) => copy.deref() !== undefined).length;
  for (let round = 0; round < 200 && count() > 0; round++) {
    // of its own turn: what was looked at in this one is held until its end
    await setTimeout(10);
    collect();
  }
  return count();
};

type Used<Result> = { readonly copy: WeakRef<object>; readonly result: Result };

/** Twenty uses of a file of the bundle: their results are held, nothing else. */
const useOften = async <Exports extends object, Result>(
  t: Test,
  name: string,
  load: () => unknown,
  isExpected: (exported: unknown) => exported is Exports,
  call: (exported: Exports) => Promise<Result>,
): Promise<readonly Result[]> => {
  const use = async (): Promise<Used<Result>> => {
    const exported = load();
    if (!isExpected(exported)) throw new Error(`${name} exports something else`);
    return { copy: new WeakRef(exported), result: await call(exported) };
  };
  const used: Used<Result>[] = [];
  for (let round = 0; round < 20; round++) used.push(await use());
  t.equal(await countLeft(used.map(({ copy }) => copy)), 0, 'no copy is held by what it gave');
  return used.map(({ result }) => result);
};

type Reading = typeof import('../../src/config/reading.ts');
type Parser = typeof import('../../src/command/parser.ts');

t.test('what reads a configuration goes when it has read', async (t) => {
  const text = `9999 stream tcp nowait ${me} /bin/cat cat\nwrong\n7 stream tcp nowait ${me} /bin/cat cat\n`;
  const isReading = (exported: unknown): exported is Reading =>
    typeof exported === 'object' && exported !== null && 'readText' in exported;
  const load = repeatPassing(readPassing(bundled('reading.cjs')));
  const results: readonly Loaded[] = await useOften(t, 'reading.cjs', load, isReading, ({ readText }) =>
    readText(text, defaultLoadOptions, machine),
  );
  t.strictSame(results[19], results[0], 'each copy reads the same');
  t.equal(results[0]?.services.length, 2);
  t.equal(results[0]?.diagnostics.length, 1);
});

t.test('what reads the command line of a server goes before the server begins', async (t) => {
  const isParser = (exported: unknown): exported is Parser =>
    typeof exported === 'object' && exported !== null && 'parseCommandLine' in exported;
  const words = ['run', '-f', 'some.conf', '--log', 'file:/some.log', '--drain', '3'];
  const kept = readPassing(bundled('parser.cjs'));
  const load = (): unknown => runPassing(kept);
  const results: readonly Wish[] = await useOften(t, 'parser.cjs', load, isParser, ({ parseCommandLine }) =>
    parseCommandLine(words),
  );
  t.match(results[0], {
    command: 'run',
    chosen: { file: ['some.conf'], drain: 3, log: [{ kind: 'file', path: '/some.log' }] },
  });
});

t.test('what was read runs again when the file is gone', (t) => {
  const file = join(t.testdir(), 'once.cjs');
  writeFileSync(file, 'let runs = 0; exports.run = () => { runs += 1; return runs; };\n');
  const kept = readPassing(file);
  rmSync(file);
  const [first, second] = [runPassing(kept), runPassing(kept)];
  t.not(first, second, 'another copy each time');
  t.match(second, { run: Function });
  t.end();
});

t.test('what is run again and again is gone through by V8 once', (t) => {
  const file = join(t.testdir(), 'again.cjs');
  writeFileSync(file, 'let runs = 0; exports.run = () => { runs += 1; return runs; };\n');
  const compilations: (readonly [isKnown: boolean, isRejected: boolean])[] = [];
  let spoils = false;
  const load = repeatPassing(readPassing(file), (text, names, options) => {
    const known = options?.cachedData;
    const given = known !== undefined && spoils ? { ...options, cachedData: Buffer.alloc(64) } : options;
    const compiled = compileFunction(text, names, given);
    compilations.push([known !== undefined, compiled.cachedDataRejected ?? false]);
    return compiled;
  });
  const [first, second] = [load(), load()];
  t.not(first, second, 'another copy each time');
  t.match(second, { run: Function });
  load();
  spoils = true;
  t.match(load(), { run: Function }, 'what V8 does not take any more is no loss');
  spoils = false;
  load();
  load();
  t.strictSame(compilations.slice(0, 3), [
    [false, false],
    [true, false],
    [true, false],
  ]);
  // from Node 22 on V8 may still have the text itself, and does not look at what it is given
  const isRejected = compilations[3]?.[1] ?? false;
  t.strictSame(compilations.slice(3), [
    [true, isRejected],
    [!isRejected, false],
    [true, false],
  ]);
  t.end();
});

t.test('a server reloads as often as it is told', async (t) => {
  const port = await freePort();
  const config = (word: number | string): string =>
    `127.0.0.1:${port} stream tcp nowait ${me} /bin/echo echo ${word}\n`;
  const acceptd = await startAcceptd(t, { config: config('first') });
  for (let round = 0; round < 20; round++) {
    t.match((await acceptd.reload(config(round))).fields, { event: 'applied', retuned: 1 });
  }
  t.equal(await exchange(port, ''), '19\n');
  t.equal(await acceptd.stop(), 0);
});
