import { test } from 'tap';
import { countSlow } from '../../bench/peers/load.ts';
import { rotate } from '../../bench/peers/rounds.ts';
import { sizesUpTo } from '../../bench/peers/scenarios/scenario.ts';

const distribution = (curve: readonly (readonly [number, number])[]) => ({
  count: 1000,
  least: 1,
  mean: 10,
  p50: 10,
  p90: 20,
  p99: 50,
  p99_9: 500,
  most: curve.at(-1)?.[1] ?? 0,
  curve,
});

test('slow connections are those beyond ten times the median', async (t) => {
  const body = [[0, 1] as const, [50, 10] as const];
  t.equal(countSlow(distribution([...body, [99, 100], [100, 101]])), 10, 'the hundredth itself is not slow');
  t.equal(countSlow(distribution([...body, [99.9, 90], [100, 2000]])), 1);
  t.equal(countSlow(distribution([...body, [99, 50], [100, 99]])), 0);
  t.equal(countSlow(distribution([])), 0);
});

test('in each round another server is the first', async (t) => {
  t.same(rotate(['a', 'b', 'c'], 1), ['b', 'c', 'a']);
  t.same(rotate(['a', 'b', 'c'], 5), ['c', 'a', 'b']);
  t.same(rotate([], 3), []);
});

test('the largest size that is allowed takes the place of those beyond it', async (t) => {
  t.same(sizesUpTo([1, 100, 1000], 5000), [1, 100, 1000]);
  t.same(sizesUpTo([1, 100, 1000], 100), [1, 100]);
  t.same(sizesUpTo([1, 100, 1000], 300), [1, 100, 300]);
});
