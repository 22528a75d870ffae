// Flows in which nothing moves for too long.
import { once } from 'node:events';
import t from 'tap';
import { milliseconds } from '../../src/model/quantity.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { endWhenQuiet } from '../../src/serve/quiet-flow.ts';
import { createTestClock } from '../support/clock.ts';
import { openEngine } from '../support/engine.ts';
import { createFlows, noise, readToEnd, standstill } from '../support/flows.ts';

const { kernel } = openEngine(t);
const flows = await createFlows(kernel);
t.teardown(flows.close);

const nobody = (): void => undefined;

t.test('a flow in which nothing moves ends after its limit, for both sides', async (t) => {
  const { client, server, flow, ended } = await flows.join();
  let tellings = 0;
  endWhenQuiet(systemClock, milliseconds(30), flow, () => void tellings++);
  t.match(await Promise.all([ended, readToEnd(client), readToEnd(server)]), [{ failure: undefined }]);
  t.equal(tellings, 1);
  for (const each of [client, server]) each.destroy();
});

t.test('where bytes are under way that nobody takes, the end is a reset', async (t) => {
  const { client, server, flow, ended } = await flows.join();
  client.write(noise(30_000_000, 1));
  server.pause();
  await standstill(client);
  const broken = once(client, 'error');
  endWhenQuiet(systemClock, milliseconds(30), flow, nobody);
  t.match(await ended, { failure: { code: 'ECANCELED' } });
  t.match(await broken, [{ code: 'ECONNRESET' }]);
  for (const each of [client, server]) each.destroy();
});

t.test('what has moved meanwhile puts that off', async (t) => {
  const clock = createTestClock();
  let [quiet, stops]: [number | undefined, number] = [20, 0];
  const flow = {
    quietFor: () => (quiet === undefined ? undefined : milliseconds(quiet)),
    stop: () => void stops++,
  };
  endWhenQuiet(clock, milliseconds(100), flow, nobody);
  clock.advance(100);
  t.equal(stops, 0);
  clock.advance(79);
  quiet = 100;
  t.equal(stops, 0);
  clock.advance(1);
  t.equal(stops, 0, 'what has arrived meanwhile has its turn');
  quiet = 0;
  clock.advance(1);
  t.equal(stops, 0);
  quiet = 100;
  clock.advance(100);
  t.equal(stops, 0);
  clock.advance(1);
  t.equal(stops, 1);
  t.equal(clock.waiting(), 0);
  quiet = undefined;
  endWhenQuiet(clock, milliseconds(100), flow, nobody);
  clock.advance(101);
  t.strictSame([stops, clock.waiting()], [1, 0], 'one that has ended is left alone');
  const stopLooking = endWhenQuiet(clock, milliseconds(100), flow, nobody);
  t.equal(clock.waiting(), 1);
  stopLooking();
  t.equal(clock.waiting(), 0, 'the end of a flow takes its timer along');
});
