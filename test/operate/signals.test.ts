// Signals that come at awkward moments.
import { once } from 'node:events';
import t from 'tap';
import { holdEarlySignals, passedOver } from '../../src/operate/signals.ts';

t.test('a HUP before there is anything to reload is remembered and ends nothing', async (t) => {
  // a signal alone does not keep Node's loop running
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(() => clearInterval(alive));
  const before = process.listenerCount('SIGHUP');
  const hasHungUp = holdEarlySignals(['SIGHUP'], passedOver);
  const came = once(process, 'SIGHUP');
  process.kill(process.pid, 'SIGHUP');
  await came;
  t.equal(hasHungUp(), true);
  t.equal(process.listenerCount('SIGHUP'), before, 'it is not held any longer');
  t.equal(holdEarlySignals(['SIGHUP'], passedOver)(), false);
});

t.test('where USR2 means to reload it is owed too; what means something else is passed over', async (t) => {
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(() => clearInterval(alive));
  const listeners = (): number => process.listenerCount('SIGUSR2') + process.listenerCount('SIGALRM');
  const before = listeners();
  const isOwed = holdEarlySignals(['SIGHUP', 'SIGUSR2'], passedOver);
  process.kill(process.pid, 'SIGUSR2');
  process.kill(process.pid, 'SIGALRM');
  // both are there when a later one has been heard
  const heard = once(process, 'SIGWINCH');
  process.kill(process.pid, 'SIGWINCH');
  await heard;
  t.equal(isOwed(), true);
  const others = holdEarlySignals(['SIGHUP'], passedOver);
  process.kill(process.pid, 'SIGUSR2');
  const again = once(process, 'SIGWINCH');
  process.kill(process.pid, 'SIGWINCH');
  await again;
  t.equal(others(), false);
  t.equal(listeners(), before, 'nothing is left behind');
});
