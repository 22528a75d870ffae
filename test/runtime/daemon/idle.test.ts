// The watch for a daemon that nobody needs: it waits for each answer, and is not deceived by a late one.
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { milliseconds, seconds } from '../../../src/model/quantity.ts';
import { watchIdleness } from '../../../src/runtime/daemon/idle.ts';
import { createTestClock } from '../../support/clock.ts';

const stage = (idle: number) => {
  const clock = createTestClock();
  const answers: ((isBusy: boolean) => void)[] = [];
  let times = 0;
  const isBusy = (): Promise<boolean> => new Promise((resolve) => void answers.push(resolve));
  const watch = watchIdleness(clock, seconds(idle), isBusy, () => times++);
  const answer = async (busy: boolean): Promise<void> => {
    answers.shift()?.(busy);
    await nextTurn();
  };
  return { clock, watch, answer, asked: () => answers.length, times: () => times };
};

t.test('it is idle when all answers of so long said so, and that is told once', async (t) => {
  const { clock, answer, asked, times } = stage(4);
  for (let second = 1; second <= 4; second++) {
    clock.advance(seconds(1));
    t.equal(asked(), 1, 'one question at a time');
    t.equal(times(), 0);
    await answer(false);
  }
  t.equal(times(), 1);
  clock.advance(seconds(100));
  t.equal(asked(), 0, 'nobody asks any more');
});

t.test('an answer that it is busy begins the time anew', async (t) => {
  const { clock, answer, times } = stage(4);
  for (let second = 1; second <= 20; second++) {
    clock.advance(seconds(1));
    await answer(second % 3 === 0);
  }
  t.equal(times(), 0);
  for (let second = 1; second <= 4; second++) {
    clock.advance(seconds(1));
    await answer(false);
  }
  t.equal(times(), 1);
});

t.test('an answer that takes long holds up nobody, and no other question is asked meanwhile', async (t) => {
  const { clock, answer, asked, times } = stage(4);
  clock.advance(seconds(1));
  clock.advance(seconds(60));
  t.equal(asked(), 1);
  await answer(true);
  t.equal(times(), 0, 'it was busy then');
  clock.advance(seconds(1));
  clock.advance(seconds(60));
  await answer(false);
  t.equal(times(), 0, 'it was idle a minute ago, and what it is since nobody knows');
  clock.advance(seconds(1));
  await answer(false);
  t.equal(times(), 1);
});

t.test('who knows that something has ended begins the time anew', async (t) => {
  const { clock, watch, answer, times } = stage(4);
  clock.advance(seconds(1));
  await answer(false);
  clock.advance(milliseconds(900));
  watch.touch();
  for (let count = 0; count < 3; count++) {
    clock.advance(seconds(1));
    await answer(false);
  }
  t.equal(times(), 0);
  clock.advance(seconds(1));
  await answer(false);
  clock.advance(seconds(1));
  await answer(false);
  t.equal(times(), 1);
});

t.test('an answer after the end of the watch counts for nothing', async (t) => {
  const { clock, watch, answer, asked, times } = stage(1);
  clock.advance(seconds(1));
  watch.stop();
  await answer(false);
  clock.advance(seconds(100));
  t.strictSame([times(), asked()], [0, 0]);
});
