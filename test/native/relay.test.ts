// Flows of the addon: every byte in both directions, ends, resets, readers that do not read, and what is left behind.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pass } from 'node:timers/promises';
import t from 'tap';
import { beginConnect } from '../../src/native/relay.ts';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, recipeOf } from '../support/engine.ts';
import { createFlows, noise, readExactly, readToEnd, standstill } from '../support/flows.ts';

const sender = join(compileHandlers('send-urgent'), 'send-urgent');
// many megabytes, and slower under the sanitizers
t.setTimeout(120_000);

const engine = openEngine(t);
const { kernel } = engine;
const flows = await createFlows(kernel);
const directory = mkdtempSync(join(tmpdir(), 'relay-'));
const toUnix = await createFlows(kernel, join(directory, 'target'));
t.teardown(() => {
  flows.close();
  toUnix.close();
  rmSync(directory, { recursive: true });
});

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

/** The same numbers below 1 for the same seed. */
const chances = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Parts of any size, small ones most often, with and without pauses, then an end; all that was said. */
const speak = async (socket: Socket, seed: number): Promise<Buffer> => {
  const chance = chances(seed);
  const parts: Buffer[] = [];
  for (let left = Math.floor(chance() * 30); left > 0; left--) {
    const part = noise(Math.floor(2 ** (chance() * 19)), seed + left);
    parts.push(part);
    if (!socket.write(part)) await once(socket, 'drain');
    for (let turns = Math.floor(chance() * 4); turns > 0; turns--) await nextTurn();
  }
  socket.end();
  return Buffer.concat(parts);
};

/** Reads to the end, and stops for a while now and then. */
const listen = async (socket: Socket, seed: number): Promise<Buffer> => {
  const chance = chances(seed);
  const rest = async (): Promise<void> => {
    for (let turns = 0; turns < 20; turns++) await nextTurn();
    socket.resume();
  };
  socket.on('data', () => {
    if (chance() < 0.2) {
      socket.pause();
      void rest();
    }
  });
  return readToEnd(socket);
};

for (const [kind, make] of [
  ['TCP', flows],
  ['unix sockets', toUnix],
] as const) {
  t.test(`bytes of any sizes in both directions at once, over ${kind}`, async (t) => {
    const joined = [];
    for (let count = 0; count < 24; count++) joined.push(await make.join());
    const all = joined.map(async ({ client, server, ended }, index) => {
      const [said, answered, atServer, atClient] = await Promise.all([
        speak(client, index),
        speak(server, index + 1_000),
        listen(server, index),
        listen(client, index + 1),
      ]);
      t.ok(atServer.equals(said) && atClient.equals(answered), `flow ${index}`);
      t.match(await ended, {
        failure: undefined,
        takenFromFirst: said.length,
        givenToSecond: said.length,
        takenFromSecond: answered.length,
        givenToFirst: answered.length,
      });
    });
    await Promise.all(all);
  });

  t.test(`what is kept when a side ends arrives before its end, over ${kind}`, async (t) => {
    const { client, server, ended } = await make.join();
    const parts: Buffer[] = [];
    // each is less than the buffer of all: it stays with copies
    while (client.writableLength === 0) {
      const part = noise(50_000, parts.length);
      parts.push(part);
      client.write(part);
      for (let turns = 0; turns < 4; turns++) await nextTurn();
      if (client.writableLength > 0) await standstill(client);
    }
    client.end();
    server.write('answer');
    t.equal(String(await readExactly(client, 6)), 'answer', 'the other direction goes on');
    t.ok((await readToEnd(server)).equals(Buffer.concat(parts)));
    server.end('and more');
    t.equal(String(await readToEnd(client)), 'and more');
    t.equal((await ended).failure, undefined);
  });
}

t.test('timers, immediates and files go on beside flows that are silent', async (t) => {
  const { client, server, flow, ended } = await flows.join();
  for (let round = 0; round < 20; round++) {
    await pass(1);
    await nextTurn();
    t.ok((await readFile('/proc/self/stat')).length > 0);
    client.write('x');
    await readExactly(server, 1);
  }
  flow.stop();
  await ended;
  for (const each of [client, server]) each.destroy();
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
  full.client.write(noise(30_000_000, 3));
  await standstill(full.client);
  full.client.resetAndDestroy();
  t.ok((await full.ended).failure);
  full.server.destroy();
});

t.test('who does not read stops who writes, and the relay holds little meanwhile', async (t) => {
  for (const isTurned of [false, true]) {
    const { client, server, flow, ended } = await flows.join();
    const [writer, reader] = isTurned ? [server, client] : [client, server];
    const bytes = noise(40_000_000, 9);
    writer.end(bytes);
    await standstill(writer);
    t.ok(writer.writableLength > 0, 'the writer has to wait');
    t.ok((await readToEnd(reader)).equals(bytes), 'and nothing is lost');
    flow.stop();
    await ended;
  }
  const { client, server, flow, ended } = await flows.join();
  client.write(noise(40_000_000, 9));
  await standstill(client);
  flow.stop();
  const { takenFromFirst, givenToSecond } = await ended;
  const held = takenFromFirst - givenToSecond;
  t.ok(held > 0 && held <= 1_048_576, `${held} bytes are held`);
  for (const each of [client, server]) each.destroy();
});

t.test('a flow that never runs dry leaves others their turn', async (t) => {
  const bulk = await flows.join();
  const portion = noise(4_000_000, 1);
  const write = (): void => void bulk.client.write(portion, (error) => (error ? undefined : write()));
  write();
  bulk.server.resume();
  const { client, server, flow } = await flows.join();
  for (let round = 0; round < 50; round++) {
    client.write('question');
    await readExactly(server, 8);
    server.write('answer');
    await readExactly(client, 6);
  }
  t.ok(bulk.server.bytesRead > 0);
  for (const each of [bulk.client, bulk.server, client, server]) each.destroy();
  bulk.flow.stop();
  flow.stop();
});

t.test('a flow that is stopped is reset, ends once, and says for how long it was quiet', async (t) => {
  const { client, server, flow, ended } = await flows.join();
  client.write('x');
  await readExactly(server, 1);
  t.ok((flow.quietFor() ?? -1) >= 0);
  const broken = Promise.all([once(client, 'error'), once(server, 'error')]);
  for (const each of [client, server]) each.resume();
  flow.stop();
  flow.stop();
  t.match(await broken, [[{ code: 'ECONNRESET' }], [{ code: 'ECONNRESET' }]]);
  t.match(await ended, { failure: { code: 'ECANCELED' }, takenFromFirst: 1, givenToSecond: 1 });
  t.equal(flow.quietFor(), undefined);
});

t.test('an urgent byte comes through in its place, and what follows it too', async (t) => {
  const outer = beginConnect(flows.entrance);
  kernel.setBlocking(outer, true);
  const { server, ended } = await flows.joinNext();
  const pid = kernel.spawn(recipeOf(kernel, sender), outer, undefined, 'give');
  const portion = 64 * 65_536;
  const expected = Buffer.concat([Buffer.alloc(portion, 'a'), Buffer.from('!'), Buffer.alloc(portion, 'b')]);
  const received = await readToEnd(server);
  t.equal(received.length, expected.length);
  t.ok(received.equals(expected));
  server.end();
  t.equal((await engine.ended(pid)).status, 0);
  t.equal((await ended).failure, undefined);
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
        // Node shows a reset that comes right behind bytes as an end
        for (const each of [client, server]) each.resume().on('end', () => each.end());
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
  // pipes may be kept for the next who needs one
  t.ok(descriptors().length - before <= 64, `${descriptors().length - before} more`);
});
