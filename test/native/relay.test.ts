// Flows of the addon: every byte in both directions, ends, resets, readers that do not read, and what is left behind.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import { openEngine } from '../support/engine.ts';
import { createFlows, noise, readExactly, readToEnd } from '../support/flows.ts';

const { kernel } = openEngine(t);
const flows = await createFlows(kernel);
t.teardown(flows.close);

const descriptors = (): readonly string[] => readdirSync('/proc/self/fd');

/** When both ends of the test have ended, and the flow with them. */
const closed = (...sockets: readonly Socket[]): Promise<unknown> =>
  Promise.all(
    // once() would call a reset an error
    sockets.map(
      (socket) => socket.closed || new Promise<void>((resolve) => socket.once('close', () => resolve())),
    ),
  );

t.test('what is said goes to the other side, both ways, again and again', async (t) => {
  const { client, server, ended } = await flows.join();
  for (let round = 0; round < 200; round++) {
    client.write(`question ${round}`);
    t.equal(String(await readExactly(server, `question ${round}`.length)), `question ${round}`);
    server.write(`answer ${round}`);
    t.equal(String(await readExactly(client, `answer ${round}`.length)), `answer ${round}`);
  }
  client.end();
  server.end();
  await Promise.all([readToEnd(client), readToEnd(server)]);
  t.match(await ended, { failure: undefined, takenFromFirst: 2290, givenToFirst: 1890 });
});

for (const [length, back] of [
  [0, 1],
  [1, 0],
  [65_535, 65_537],
  [65_536, 262_144],
  [1_000_003, 17],
  [8_388_609, 5_000_001],
] as const) {
  t.test(`${length} bytes there and ${back} back arrive as they were sent`, async (t) => {
    const { client, server, ended } = await flows.join();
    const [there, answer] = [noise(length, length + 1), noise(back, back + 2)];
    client.end(there);
    server.end(answer);
    const [atServer, atClient] = await Promise.all([readToEnd(server), readToEnd(client)]);
    t.ok(atServer.equals(there));
    t.ok(atClient.equals(answer));
    t.strictSame(await ended, {
      failure: undefined,
      takenFromFirst: length,
      givenToFirst: back,
      takenFromSecond: back,
      givenToSecond: length,
    });
  });
}

t.test('writes of all sizes, with pauses, arrive in their order', async (t) => {
  const { client, server, ended } = await flows.join();
  const parts = Array.from({ length: 300 }, (_, index) => noise((index * 7919) % 200_000, index));
  const received = readToEnd(server);
  for (const part of parts) {
    if (!client.write(part)) await once(client, 'drain');
  }
  client.end();
  t.ok((await received).equals(Buffer.concat(parts)));
  server.end();
  await ended;
});

t.test("one side's end is passed on, and the other goes on speaking", async (t) => {
  for (const isTurned of [false, true]) {
    const { client, server, ended } = await flows.join();
    const [first, second] = isTurned ? [server, client] : [client, server];
    first.end('hello');
    t.equal(String(await readToEnd(second)), 'hello');
    const answer = noise(3_000_000, 5);
    second.end(answer);
    t.ok((await readToEnd(first)).equals(answer));
    t.equal((await ended).failure, undefined);
  }
});

t.test('a reset of one side becomes a reset of the other', async (t) => {
  for (const isTurned of [false, true]) {
    const { client, server, ended } = await flows.join();
    const [first, second] = isTurned ? [server, client] : [client, server];
    first.write('x');
    await readExactly(second, 1);
    const broken = once(second, 'error');
    second.resume();
    first.resetAndDestroy();
    t.match(await broken, [{ code: 'ECONNRESET' }]);
    t.equal((await ended).failure?.code, 'ECONNRESET');
  }
});

t.test('a reset is noticed while the other side has ended, or does not read', async (t) => {
  const half = await flows.join();
  half.client.end();
  await readToEnd(half.server);
  const halfBroken = once(half.client, 'error');
  half.client.resume();
  half.server.resetAndDestroy();
  t.match(await halfBroken, [{ code: 'ECONNRESET' }]);
  t.ok((await half.ended).failure);

  const full = await flows.join();
  full.server.pause();
  const end = full.ended;
  full.client.on('drain', () => full.client.write(noise(1_000_000, 3)));
  full.client.write(noise(30_000_000, 3));
  let before = -1;
  // until nothing can be written any more
  while (full.client.bytesWritten - full.client.writableLength !== before) {
    before = full.client.bytesWritten - full.client.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  full.client.resetAndDestroy();
  t.ok((await end).failure);
  full.server.destroy();
});

t.test('a thousand flows leave no descriptor behind, however they end', async (t) => {
  const warmUp = await flows.join();
  for (const each of [warmUp.client, warmUp.server]) each.resume();
  warmUp.flow.stop();
  await closed(warmUp.client, warmUp.server);
  const before = descriptors().length;
  for (let round = 0; round < 20; round++) {
    const open = [];
    for (let count = 0; count < 50; count++) open.push(await flows.join());
    await Promise.all(
      open.map(async ({ client, server, flow, ended }, index) => {
        client.write(noise(index * 5_000, index));
        for (const each of [client, server]) each.resume();
        if (index % 4 === 0) flow.stop();
        else if (index % 4 === 1) client.resetAndDestroy();
        else {
          client.end();
          server.end();
        }
        await Promise.all([ended, closed(client, server)]);
      }),
    );
  }
  // the pipes that are kept for the next ones are no leak: there are never more of them
  t.ok(descriptors().length - before <= 64, `${descriptors().length - before} more`);
});
