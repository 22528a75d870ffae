// The verdicts and the counters behind them, below, at and beyond each limit.
import t from 'tap';
import { admitClient, roomFor, type Verdict } from '../../src/admission/admit.ts';
import {
  backOff,
  createUsage,
  enterInstance,
  instancesLeft,
  leaveInstance,
  startsLeft,
  takeStart,
  type Usage,
} from '../../src/admission/limits.ts';
import { createSourceRates } from '../../src/admission/source-rates.ts';
import type { Limits } from '../../src/model/limits.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import { noLimits } from '../support/services.ts';

const at = milliseconds;
const rate = { count: 3, window: seconds(60), pause: seconds(600) };

const withLive = (count: number): Usage => {
  const usage = createUsage();
  for (let index = 0; index < count; index++) enterInstance(usage, 'source');
  return usage;
};

const verdict = (limits: Limits, usage: Usage, source = 'source', now = 0): Verdict =>
  admitClient({ service: 'service', limits, source }, usage, createSourceRates(), at(now));

t.test('without limits there is always room', (t) => {
  t.match(roomFor(withLive(1_000_000 % 1000), noLimits, at(0)), { kind: 'room', clients: Infinity });
  t.end();
});

t.test('instances: below the limit, at it, and when it is lowered below what runs', (t) => {
  const limits = { ...noLimits, instances: 2 };
  t.match(roomFor(withLive(1), limits, at(0)), { kind: 'room', clients: 1 });
  t.match(roomFor(withLive(2), limits, at(0)), { kind: 'hold' });
  t.match(roomFor(withLive(5), limits, at(0)), { kind: 'hold' });
  t.equal(instancesLeft(withLive(5), limits), 0);
  t.end();
});

t.test('told to refuse, clients are taken and refused one by one', (t) => {
  const limits: Limits = { ...noLimits, instances: 2, onLimit: 'refuse' };
  t.match(roomFor(withLive(2), limits, at(0)), { kind: 'room', clients: Infinity });
  t.match(verdict(limits, withLive(1)), { kind: 'admit' });
  t.match(verdict(limits, withLive(2)), { kind: 'refuse', reason: 'instances' });
  t.end();
});

t.test('instances of one source', (t) => {
  const limits = { ...noLimits, perSource: 2 };
  t.match(verdict(limits, withLive(1)), { kind: 'admit' });
  t.match(verdict(limits, withLive(2)), { kind: 'refuse', reason: 'per-source' });
  t.match(verdict(limits, withLive(2), 'another'), { kind: 'admit' });
  t.end();
});

t.test('sources without an instance are forgotten', (t) => {
  const usage = createUsage();
  for (let index = 0; index < 1000; index++) {
    enterInstance(usage, index);
    enterInstance(usage, index);
    leaveInstance(usage, index);
    leaveInstance(usage, index);
  }
  t.equal(usage.perSource.size, 0);
  t.equal(usage.live, 0);
  t.end();
});

t.test('a rate admits exactly so many, and suspends then', (t) => {
  const limits = { ...noLimits, rate };
  const usage = createUsage();
  t.match(roomFor(usage, limits, at(0)), { kind: 'room', clients: 3 });
  for (let count = 0; count < 3; count++) t.match(verdict(limits, usage), { kind: 'admit' });
  t.match(roomFor(usage, limits, at(0)), { kind: 'suspend' });
  t.match(verdict(limits, usage), { kind: 'refuse', reason: 'rate' });
  t.match(roomFor(usage, limits, at(19_999)), { kind: 'suspend' }, 'one comes back in a third of the window');
  t.match(roomFor(usage, limits, at(20_000)), { kind: 'room', clients: 1 });
  t.match(roomFor(usage, limits, at(600_000)), { kind: 'room', clients: 3 }, 'and no more than it holds');
  t.end();
});

t.test('a refused client takes nothing from the rate', (t) => {
  const limits: Limits = { ...noLimits, rate, perSource: 1, onLimit: 'refuse' };
  const usage = withLive(1);
  for (let count = 0; count < 10; count++) verdict(limits, usage);
  t.equal(startsLeft(usage, rate, at(0)), 3);
  t.end();
});

t.test('a clock that stands still or goes back gives nothing away', (t) => {
  const usage = createUsage();
  for (let count = 0; count < 3; count++) takeStart(usage, rate, at(100_000));
  t.equal(startsLeft(usage, rate, at(100_000)), 0);
  t.equal(startsLeft(usage, rate, at(0)), 0);
  t.end();
});

t.test('a limit that is lowered holds at once', (t) => {
  const usage = createUsage();
  t.equal(startsLeft(usage, { ...rate, count: 100 }, at(0)), 100);
  t.equal(startsLeft(usage, rate, at(0)), 3);
  t.end();
});

t.test('the wait doubles up to its end', (t) => {
  const waits = [1, 2, 3, 4, 10, 1000].map((failures) => backOff(failures, at(10), at(1000)));
  t.strictSame(waits, [10, 20, 40, 80, 1000, 1000]);
  t.end();
});
