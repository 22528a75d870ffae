// A paused service gets another address: nobody is let in there either, until it is resumed.
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { becomes } from '../support/becomes.ts';
import { connect } from '../support/client.ts';
import { daemonService, openSupervisor } from '../support/daemons.ts';
import { freePorts, isPortFree } from '../support/ports.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const { supervisor, events, directory } = openSupervisor(t);
const { steering } = supervisor;

const say = async (t: Test, port: number, text: string) => {
  const client = await connect(port);
  client.on('error', () => undefined);
  t.teardown(() => client.destroy());
  client.write(text);
  return client;
};

const starts = (since: number): number => events.slice(since).filter(({ kind }) => kind === 'started').length;

const isHeldBack = (id: string, port: number) =>
  becomes(() => {
    const [endpoint] = steering.describe(id)?.endpoints ?? [];
    return endpoint?.address === `127.0.0.1:${port}` && endpoint.waiting === 1;
  });

for (const [what, serviceAt] of [
  ['a service', (port: number) => resolved('moves', [tcp('127.0.0.1', port)])],
  [
    'a service whose daemon gets the socket',
    (port: number) => daemonService(directory, [tcp('127.0.0.1', port)], { id: 'moves' }),
  ],
] as const) {
  t.test(`${what}, paused, lets nobody in at its new address until it is resumed`, async (t) => {
    const [before = 0, after = 0] = await freePorts(2);
    await supervisor.apply([serviceAt(before)]);
    const since = events.length;
    steering.pause('moves');
    await supervisor.apply([serviceAt(after)]);
    t.ok(await isPortFree(before), 'the old socket is closed');
    const client = await say(t, after, 'pid\n');
    await isHeldBack('moves', after);
    t.match(steering.describe('moves'), {
      condition: 'paused',
      live: 0,
      endpoints: [{ address: `127.0.0.1:${after}`, state: 'held-back', waiting: 1 }],
    });
    t.equal(starts(since), 0);
    t.strictSame(supervisor.checkConsistency(), []);
    const heard = once(client, 'data');
    t.equal(steering.resume('moves'), undefined);
    t.match(String((await heard)[0]), /^pid/, 'who has waited there is served');
    t.equal(starts(since), 1);
    await supervisor.apply([]);
    await becomes(() => steering.describeAll().length === 0);
  });
}

t.test('who waits at the old address of a paused service is told so by its end', async (t) => {
  const [before = 0, after = 0] = await freePorts(2);
  await supervisor.apply([resolved('moves', [tcp('127.0.0.1', before)])]);
  steering.pause('moves');
  const client = await say(t, before, 'x');
  await isHeldBack('moves', before);
  const since = events.length;
  const closed = new Promise((resolve) => client.once('close', resolve));
  await supervisor.apply([
    resolved('moves', [tcp('127.0.0.1', after)], { limits: { ...noLimits, instances: 9 } }),
  ]);
  client.resume();
  await closed;
  t.equal(starts(since), 0);
  t.match(steering.describe('moves'), { condition: 'paused', limit: 9, endpoints: [{ waiting: 0 }] });
});
