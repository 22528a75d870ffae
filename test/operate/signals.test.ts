// Signals that come at awkward moments.
import { once } from 'node:events';
import t from 'tap';
import { holdHangups } from '../../src/operate/signals.ts';

t.test('a HUP before there is anything to reload is remembered and ends nothing', async (t) => {
  // a signal alone does not keep Node's loop running
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(() => clearInterval(alive));
  const before = process.listenerCount('SIGHUP');
  const hasHungUp = holdHangups();
  const came = once(process, 'SIGHUP');
  process.kill(process.pid, 'SIGHUP');
  await came;
  t.equal(hasHungUp(), true);
  t.equal(process.listenerCount('SIGHUP'), before, 'it is not held any longer');
  t.equal(holdHangups()(), false);
});
