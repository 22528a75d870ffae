// Trees of processes: who comes from whom, orphans that become ours, signals that reach a process or nobody.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  becomeSubreaper,
  childrenOf,
  descendantsOf,
  factsOf,
  hasVariable,
  isAliveDescendant,
  lineOf,
  signalAll,
  signalProcess,
  treeOf,
  watchEnd,
} from '../../src/native/process-tree.ts';
import { becomes } from '../support/becomes.ts';
import { isRoot } from '../support/command.ts';
import { openEngine, recipeOf } from '../support/engine.ts';

const { SIGKILL, SIGTERM } = constants.signals;
const { kernel, ended } = openEngine(t);
const directory = mkdtempSync(join(tmpdir(), 'process-tree-'));
t.teardown(() => rmSync(directory, { recursive: true }));

const runShell = (script: string, environment: readonly string[] = []): number => {
  const recipe = recipeOf(kernel, '/bin/sh', {
    arguments: ['sh', '-c', script],
    environment: ['PATH=/usr/bin:/bin', ...environment],
    layout: ['null', 'null', 'null'],
  });
  return kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
};

/** Looks until it is so: processes come into being when they like. */
const until = async (t: Test, what: string, isSo: () => boolean): Promise<void> => {
  await becomes(isSo);
  t.ok(isSo(), what);
};

const killAll = async (pid: number): Promise<void> => {
  signalAll(treeOf(pid), SIGKILL);
  const facts = factsOf(pid);
  if (facts !== undefined) signalProcess(facts, SIGKILL);
  await ended(pid);
};

t.test('children and their children are found, the process itself is none of them', async (t) => {
  const pid = runShell('(sleep 1000 & sleep 1000 & wait) & (sleep 1000 & wait) & wait');
  await until(t, 'five come from it', () => descendantsOf(pid).length === 5);
  const tree = treeOf(pid);
  t.strictSame(
    tree.map((each) => each.pid),
    descendantsOf(pid),
  );
  t.ok(tree.every((each) => factsOf(each.pid)?.startTime === each.startTime));
  t.equal(childrenOf(pid).length, 2);
  t.ok(childrenOf(process.pid).includes(pid), 'it is a child of ours');
  const [leaf] = tree.slice(-1);
  t.equal(isAliveDescendant(leaf?.pid ?? 0, pid), true);
  t.equal(isAliveDescendant(leaf?.pid ?? 0, process.pid), true);
  t.equal(isAliveDescendant(pid, pid), false, 'nobody comes from himself');
  t.equal(isAliveDescendant(pid, leaf?.pid ?? 0), false);
  t.equal(isAliveDescendant(process.ppid, process.pid), false);
  t.strictSame(
    lineOf(leaf?.pid ?? 0)
      .map((each) => each.pid)
      .slice(2, 4),
    [pid, process.pid],
  );
  t.equal(factsOf(leaf?.pid ?? 0)?.session, pid, 'all are in one session');
  await killAll(pid);
  t.strictSame([treeOf(pid), childrenOf(pid), lineOf(pid), factsOf(pid)], [[], [], [], undefined]);
});

t.test('three hundred children are found', async (t) => {
  const pid = runShell('i=0; while [ $i -lt 300 ]; do sleep 1000 & i=$((i+1)); done; wait');
  await until(t, 'all of them', () => treeOf(pid).length === 300);
  await killAll(pid);
});

t.test('a program may be called whatever it likes', async (t) => {
  const strange = join(directory, 'a) Z 1 (b');
  copyFileSync('/bin/sleep', strange);
  const pid = kernel.spawn(
    recipeOf(kernel, strange, { arguments: ['sleep', '1000'], layout: ['null', 'null', 'null'] }),
    kernel.openNull(),
    undefined,
    'give',
  );
  await until(t, 'it is in a session of its own', () => factsOf(pid)?.session === pid);
  t.match(factsOf(pid), { parent: process.pid, hasEnded: false });
  await killAll(pid);
});

t.test('a signal reaches all of a tree once, and never who has the number of a dead one', async (t) => {
  const pid = runShell('trap "" TERM; (sleep 1000 & sleep 1000 & wait) & wait');
  await until(t, 'three come from it', () => treeOf(pid).length === 3);
  const tree = treeOf(pid);
  const [one] = tree;
  if (one === undefined) return;
  t.equal(
    signalProcess({ ...one, startTime: one.startTime - 1 }, SIGKILL),
    false,
    'an older one with its number',
  );
  t.equal(signalAll(tree, SIGKILL), 3);
  await until(t, 'they end', () => tree.every((each) => factsOf(each.pid)?.hasEnded ?? true));
  t.equal(isAliveDescendant(one.pid, pid), false, 'what has ended is not alive');
  await killAll(pid);
  await until(t, 'and are gone', () => tree.every((each) => factsOf(each.pid) === undefined));
  t.equal(signalAll(tree, SIGTERM), 0, 'nobody gets it');
});

t.test('a process is known by a variable that it was started with', async (t) => {
  const pid = runShell('exec sleep 1000', [
    'INVOCATION_ID=0123',
    'EMPTY=',
    `LONG=${'x'.repeat(100_000)}`,
    'Z=1',
  ]);
  await until(t, 'it runs', () => hasVariable(pid, 'INVOCATION_ID=0123'));
  // the shell becomes the program meanwhile, and has no environment for a moment
  for (const there of ['EMPTY=', `LONG=${'x'.repeat(100_000)}`, 'Z=1'])
    await until(t, there.slice(0, 20), () => hasVariable(pid, there));
  for (const not of ['INVOCATION_ID=012', 'INVOCATION_ID=01234', 'VOCATION_ID=0123', 'LONG=x', '', 'Z=']) {
    t.equal(hasVariable(pid, not), false, not.slice(0, 20));
  }
  await killAll(pid);
  t.equal(hasVariable(pid, 'Z=1'), false, 'what is gone has none');
});

t.test('the end of a process that is not our child is told once', async (t) => {
  const before = readdirSync('/proc/self/fd').length;
  const pid = runShell('sleep 1000 & wait; sleep 1000 & wait');
  await until(t, 'it has a child', () => treeOf(pid).length === 1);
  const [child] = treeOf(pid);
  if (child === undefined) return;
  const told: string[] = [];
  const stop = watchEnd(kernel, child, () => told.push('stopped'));
  stop?.();
  stop?.();
  const heard = new Promise<void>((resolve) => {
    watchEnd(kernel, child, () => {
      told.push('heard');
      resolve();
    });
  });
  t.equal(
    watchEnd(kernel, { ...child, startTime: 1 }, () => told.push('other')),
    undefined,
  );
  signalProcess(child, SIGKILL);
  await heard;
  await until(t, 'its parent goes on', () => treeOf(pid).some((each) => each.pid !== child.pid));
  t.equal(
    watchEnd(kernel, child, () => told.push('late')),
    undefined,
    'who has ended does not end again',
  );
  await killAll(pid);
  t.strictSame(told, ['heard']);
  t.equal(readdirSync('/proc/self/fd').length, before);
});

t.test('orphans become ours, and their end is told', async (t) => {
  becomeSubreaper();
  const pid = runShell('setsid sh -c "sleep 1000 & exit 0" & wait', ['INVOCATION_ID=orphan']);
  await ended(pid);
  const orphans = () => childrenOf(process.pid).filter((each) => hasVariable(each, 'INVOCATION_ID=orphan'));
  await until(t, 'the sleeper is left', () => orphans().length === 1);
  const [orphan] = orphans();
  const facts = factsOf(orphan ?? 0);
  if (facts === undefined) return;
  t.equal(isAliveDescendant(facts.pid, process.pid), true);
  signalProcess(facts, SIGTERM);
  t.match(await ended(facts.pid), { status: SIGTERM, failure: undefined });
});

const skip = isRoot ? false : 'only root can start a program as somebody else';
t.test('orphans of other users are reaped among our own children', { skip }, async (t) => {
  const recipe = recipeOf(kernel, '/bin/sh', {
    arguments: ['sh', '-c', 'i=0; while [ $i -lt 50 ]; do (true &) ; i=$((i+1)); done'],
    environment: ['PATH=/usr/bin:/bin'],
    layout: ['null', 'null', 'null'],
    credentials: { uid: 65_534, gid: 65_534, groups: [] },
  });
  const pids = Array.from({ length: 10 }, () => kernel.spawn(recipe, kernel.openNull(), undefined, 'give'));
  const ends = await Promise.all(pids.map(ended));
  t.ok(ends.every(({ status, failure }) => status === 0 && failure === undefined));
  await until(t, 'no zombie is left', () => childrenOf(process.pid).length === 0);
});
