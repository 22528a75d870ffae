// Flows in which nothing moves for too long.
import t from 'tap';
import { milliseconds } from '../../src/model/quantity.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { stopWhenQuiet } from '../../src/serve/quiet-flow.ts';
import { createTestClock } from '../support/clock.ts';
import { openEngine } from '../support/engine.ts';
import { createFlows } from '../support/flows.ts';

const { kernel } = openEngine(t);
const flows = await createFlows(kernel);
t.teardown(flows.close);

t.test('a flow in which nothing moves is stopped after its limit', async (t) => {
  const { client, server, flow, ended } = await flows.join();
  stopWhenQuiet(systemClock, milliseconds(30), flow);
  t.match(await ended, { failure: { code: 'ECANCELED' } });
  for (const each of [client, server]) each.destroy();
});

t.test('what has moved meanwhile puts that off', async (t) => {
  const clock = createTestClock();
  let [quiet, stops]: [number | undefined, number] = [20, 0];
  const flow = {
    quietFor: () => (quiet === undefined ? undefined : milliseconds(quiet)),
    stop: () => void stops++,
  };
  stopWhenQuiet(clock, milliseconds(100), flow);
  clock.advance(100);
  t.equal(stops, 0);
  clock.advance(79);
  quiet = 100;
  t.equal(stops, 0);
  clock.advance(1);
  t.equal(stops, 1);
  t.equal(clock.waiting(), 0);
  quiet = undefined;
  stopWhenQuiet(clock, milliseconds(100), flow);
  clock.advance(100);
  t.strictSame([stops, clock.waiting()], [1, 0], 'one that has ended is left alone');
});
