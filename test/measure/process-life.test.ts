// The kernel's stamps become lives, and a server's family is told from everybody else.
import t from 'tap';
import { type KernelRecord, kernelPhases, livesOf } from '../../src/measure/process-life.ts';
import type { ProcessChange } from '../../src/native/tracer.ts';

const record = (kind: ProcessChange, pid: number, moment: number, parent = 0): KernelRecord => ({
  kind,
  pid,
  parent,
  moment,
});

/** Forks, execs after 2,000 ns and ends after 10,000. */
const life = (pid: number, parent: number, from: number): readonly KernelRecord[] => [
  record('fork', pid, from, parent),
  record('exec', pid, from + 2_000),
  record('exit', pid, from + 10_000),
];

const always = { from: 0, until: Number.POSITIVE_INFINITY };

t.test('each fork begins a life, also of a pid that comes again', (t) => {
  const lives = livesOf([...life(7, 1, 50_000), ...life(7, 2, 1_000)].toReversed());
  t.strictSame(lives.get(7), [
    { pid: 7, parent: 2, forked: 1_000, executed: 3_000, exited: 11_000 },
    { pid: 7, parent: 1, forked: 50_000, executed: 52_000, exited: 60_000 },
  ]);
  t.end();
});

t.test('the first exec counts, and what was before the first stamp is not known', (t) => {
  const lives = livesOf([
    ...life(7, 1, 1_000),
    record('exec', 7, 9_000),
    record('exit', 8, 5_000),
    record('exec', 9, 6_000),
    record('fork', 8, 7_000, 1),
  ]);
  t.equal(lives.get(7)?.[0]?.executed, 3_000);
  t.match(lives.get(8), [
    { forked: undefined, exited: 5_000 },
    { forked: 7_000, exited: undefined },
  ]);
  t.match(lives.get(9), [{ forked: undefined, executed: 6_000 }]);
  t.end();
});

t.test("a server's children and theirs are measured, and nobody else's", (t) => {
  const server = 100;
  const phases = kernelPhases(
    [
      ...life(101, server, 10_000),
      ...life(102, 101, 14_000),
      ...life(200, 1, 10_000),
      // somebody else has the number of a child that has ended
      record('fork', 101, 50_000, 1),
      ...life(103, 101, 51_000),
      record('fork', 104, 60_000, server),
      record('exit', 104, 64_000),
    ],
    server,
    always,
  );
  t.match(phases.sequence, [
    { name: 'start', distribution: { count: 2 } },
    { name: 'handler run', distribution: { count: 2 } },
  ]);
  t.match(phases.overlapping, [{ name: 'run without exec', distribution: { count: 1 } }]);
  t.equal(phases.traced, 2);
  const [start, run] = phases.sequence.map(({ distribution }) => Math.round(distribution.mean));
  t.strictSame([start, run], [2, 8]);
  t.end();
});

t.test('processes from outside of the measured part are in no figure', (t) => {
  const records = [1_000, 100_000, 200_000].flatMap((from, index) => life(10 + index, 1, from));
  t.equal(kernelPhases(records, 1, { from: 50_000, until: 150_000 }).traced, 1);
  t.end();
});

t.test('without stamps it says why', (t) => {
  t.strictSame(kernelPhases({ unavailable: 'it takes root' }, 1, always), {
    sequence: [],
    overlapping: [],
    unknown: ['it takes root'],
    traced: 0,
  });
  t.end();
});
