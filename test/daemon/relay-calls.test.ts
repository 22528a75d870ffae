// How many system calls a relay makes for a question and its answer: with those of its two ends they are what it adds.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pass } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { readExactly } from '../support/flows.ts';
import { freePort } from '../support/ports.ts';
import { countSystemCalls, withoutStrace } from '../support/system-calls.ts';

const rounds = 1000;
// the first question waits until the server behind has been reached
t.setTimeout(120_000);

/** A server at `where` that does this with whoever connects, until the test ends. */
const openServer = async (
  t: Test,
  where: { readonly port: number; readonly host: string } | { readonly path: string },
  onConnection: (socket: Socket) => void,
): Promise<void> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
    onConnection(socket);
  });
  server.listen(where);
  await once(server, 'listening');
  t.teardown(() => server.close());
};

const startRelay = (t: Test, front: number, target: string): Promise<Acceptd> =>
  startAcceptd(t, {
    config: '',
    command: ['relay', `127.0.0.1:${front}`, '--to', target, '--log-format', 'json'],
    arguments: ['--drain', '0'],
  });

const ask = async (client: Socket, times: number): Promise<void> => {
  for (let round = 0; round < times; round++) {
    client.write('question');
    await readExactly(client, 8);
  }
};

const echo = (socket: Socket): void => void socket.pipe(socket);

t.test(
  'a question and its answer: for each a wait, a read and a write',
  { skip: withoutStrace },
  async (t) => {
    const folder = mkdtempSync('/tmp/relay-calls-');
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const [front, beforeUnix, back] = [await freePort(), await freePort(), await freePort()];
    await openServer(t, { port: back, host: '127.0.0.1' }, echo);
    await openServer(t, { path: `${folder}/socket` }, echo);
    for (const [port, target] of [
      [front, `127.0.0.1:${back}`],
      [beforeUnix, `${folder}/socket`],
    ] as const) {
      const acceptd = await startRelay(t, port, target);
      const client = await connect(port);
      // the first ones may still find out what kind of target this is
      await ask(client, 20);
      const each = (await countSystemCalls(acceptd.pid, () => ask(client, rounds))) / rounds;
      t.ok(each > 4 && each <= 6.5, `${each.toFixed(2)} for each of ${rounds} through ${target}`);
      client.destroy();
      t.equal(await acceptd.stop(), 0);
    }
  },
);

t.test('a silent client and a server that does not read cost nothing', { skip: withoutStrace }, async (t) => {
  const [front, back] = [await freePort(), await freePort()];
  const servers: Socket[] = [];
  await openServer(t, { port: back, host: '127.0.0.1' }, (socket) => servers.push(socket.pause()));
  const acceptd = await startRelay(t, front, `127.0.0.1:${back}`);
  const [silent, writer] = [await connect(front), await connect(front)];
  for (const each of [silent, writer]) each.on('error', () => undefined);
  writer.write(Buffer.alloc(30_000_000));
  let before = -1;
  for (let turns = 0; turns < 200; turns++) {
    const out = writer.bytesWritten - writer.writableLength;
    if (out !== before) turns = 0;
    before = out;
    await nextTurn();
  }
  t.ok(writer.writableLength > 0, 'the writer has to wait');
  const calls = await countSystemCalls(acceptd.pid, () => pass(500));
  t.ok(Number.isNaN(calls) || calls < 100, `${calls} in half a second`);
  for (const each of [silent, writer]) each.destroy();
  t.equal(await acceptd.stop(), 0);
});
