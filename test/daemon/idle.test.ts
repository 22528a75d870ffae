// When nothing happens, nothing runs.
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { freePorts } from '../support/ports.ts';
import { me, processorTime, sleepsOf } from './scene.ts';

/** Longer than acceptd waits before it gives memory back; V8 has its own last jobs too. */
const settling = 60;
const window = 4_000;

t.test('an idle server with 50 services does not wake up', { timeout: 110_000 }, async (t) => {
  const ports = await freePorts(50);
  const acceptd = await startAcceptd(t, {
    config: ports.map((port) => `127.0.0.1:${port} stream tcp nowait ${me} /bin/echo echo there\n`).join(''),
  });
  for (const port of ports) t.equal(await exchange(port, ''), 'there\n');
  // there is no event for "nothing happens": windows are looked at until one of them is quiet, a bounded number of times
  let wakeUps = Number.POSITIVE_INFINITY;
  let time = 0;
  for (let round = 0; round * window < settling * 1_000 && wakeUps > 1; round++) {
    const [sleeps, before] = [sleepsOf(acceptd.pid), processorTime(acceptd.pid)];
    await setTimeout(window);
    wakeUps = sleepsOf(acceptd.pid) - sleeps;
    time = processorTime(acceptd.pid) - before;
  }
  t.ok(wakeUps <= 1, `${wakeUps} wake-ups in ${window} ms`);
  t.ok(time <= 10);
  t.equal(await exchange(ports[0] ?? 0, ''), 'there\n', 'and it wakes up when somebody comes');
  t.equal(await acceptd.stop(), 0);
});
