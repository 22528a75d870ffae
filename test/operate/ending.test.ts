// One end, whoever wishes it.
import t from 'tap';
import { milliseconds } from '../../src/model/quantity.ts';
import { createEnding } from '../../src/operate/ending.ts';

const wish = { delay: milliseconds(1), drain: milliseconds(2) };

t.test('the first wish counts, and leaving overtakes it', async (t) => {
  const done: string[] = [];
  let leave = (): void => undefined;
  const ending = createEnding({
    stop: ({ delay, drain }) => {
      done.push(`stop ${delay} ${drain}`);
      return new Promise(() => undefined);
    },
    stopNow: () => void done.push('now'),
    leave: () => {
      done.push('leave');
      return new Promise((resolve) => {
        leave = resolve;
      });
    },
  });
  t.equal(ending.isStopping(), false);
  t.equal(ending.stop(wish), true);
  t.equal(ending.isStopping(), true);
  t.equal(ending.stop({ ...wish, delay: milliseconds(9) }), false);
  ending.hurry();
  ending.leave();
  ending.leave();
  t.strictSame(done, ['stop 1 2', 'now', 'leave']);
  leave();
  await ending.ended;
});

t.test('an end that fails is told', async (t) => {
  const ending = createEnding({
    stop: () => Promise.reject(new Error('stuck')),
    stopNow: () => undefined,
    leave: async () => undefined,
  });
  ending.stop(wish);
  await t.rejects(ending.ended, { message: 'stuck' });
});
