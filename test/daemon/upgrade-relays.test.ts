// Relays across an upgrade: every byte once and in order, half-closed ones, and those whose server has not answered yet.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { listenAt, loopback, openEngine } from '../support/engine.ts';
import { freePorts } from '../support/ports.ts';
import { readSome, readToEnd } from './scene.ts';
import { mustUpgrade } from './upgrade-scene.ts';

t.setTimeout(240_000);
const engine = openEngine(t);

/** A server that gives whoever connects to the test, in order; its port. */
const openTarget = async (t: Test) => {
  const server = createServer({ allowHalfOpen: true });
  const sockets: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    const tell = waiting.shift();
    if (tell === undefined) sockets.push(socket);
    else tell(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const next = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = sockets.shift();
      if (socket === undefined) waiting.push(resolve);
      else resolve(socket);
    });
  return { port: address.port, next };
};

const relayTo = (front: number, back: number, ...lines: readonly string[]): string =>
  `passed${front} on ${['bind = 127.0.0.1', `port = ${front}`, `redirect = 127.0.0.1 ${back}`, ...lines].join(', ')};\n`;

t.test('what one side has ended stays ended, and the other side goes on', async (t) => {
  const [front = 0] = await freePorts(1);
  const target = await openTarget(t);
  const acceptd = await startAcceptd(t, { config: relayTo(front, target.port, 'proxy_header = v1') });

  const early = await connect(front);
  const earlyServer = await target.next();
  t.match(await readSome(earlyServer), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
  const late = await connect(front);
  const lateServer = await target.next();
  await readSome(lateServer);

  // the client of one has said all, and so has the server of the other
  early.end('question');
  t.equal(await readToServerEnd(earlyServer), 'question');
  lateServer.end('answer');
  t.equal(await readToServerEnd(late), 'answer');

  await mustUpgrade(t, acceptd);
  earlyServer.end('an answer after it');
  t.equal(await readToEnd(early), 'an answer after it');
  late.end('a question after it');
  t.equal(await readToEnd(lateServer), 'a question after it', 'and no header came a second time');
  for (const _ of [1, 2]) await acceptd.waitFor(({ event }) => event === 'builtin-ended', 'their ends');
  t.equal(await acceptd.stop(), 0);
});

/** What comes until the end of file; our own direction stays open. */
const readToServerEnd = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const take = (part: Buffer): void => {
      text += String(part);
    };
    socket.on('data', take);
    socket.once('end', () => {
      socket.off('data', take);
      resolve(text);
    });
  });

const block = 64 * 1024;

/** Bytes that say where in the stream they are. */
const blockAt = (index: number): Buffer => {
  const words = new Uint32Array(block / 4);
  for (let at = 0; at < words.length; at++) words[at] = index * words.length + at;
  return Buffer.from(words.buffer);
};

/** Says blocks until it is told to stop; gives how many. */
const pour = async (socket: Socket, isOver: () => boolean): Promise<number> => {
  let count = 0;
  for (; !isOver(); count++) if (!socket.write(blockAt(count))) await once(socket, 'drain');
  socket.end();
  return count;
};

/** The number of blocks that came, each in its place; undefined where one was not. */
const drink = async (socket: Socket, onBytes: (count: number) => void): Promise<number | undefined> => {
  let kept = Buffer.alloc(0);
  let count = 0;
  let isRight = true;
  for await (const part of socket) {
    kept = Buffer.concat([kept, part as Buffer]);
    for (; kept.length >= block; kept = kept.subarray(block), count++)
      isRight &&= kept.subarray(0, block).equals(blockAt(count));
    onBytes(count);
  }
  return isRight && kept.length === 0 ? count : undefined;
};

t.test('bulk in both directions comes whole and in order, whenever the version changes', async (t) => {
  const [front = 0] = await freePorts(1);
  const target = await openTarget(t);
  const acceptd = await startAcceptd(t, { config: relayTo(front, target.port) });
  const client = await connect(front);
  const server = await target.next();
  let isOver = false;
  const heard = { there: 0, back: 0 };
  const pouring = [client, server].map((socket) => pour(socket, () => isOver));
  const drinking = [
    drink(server, (count) => {
      heard.there = count;
    }),
    drink(client, (count) => {
      heard.back = count;
    }),
  ];
  const until = async (count: number): Promise<void> => {
    while (Math.min(heard.there, heard.back) < count) await new Promise(setImmediate);
  };
  await until(20);
  for (const round of [1, 2]) {
    await mustUpgrade(t, acceptd, `round ${round}`);
    await until(Math.max(heard.there, heard.back) + 20);
  }
  isOver = true;
  const [said, heardWell] = [await Promise.all(pouring), await Promise.all(drinking)];
  t.strictSame(heardWell, said, 'nothing is missing, nothing came twice');
  const { fields } = await acceptd.waitFor(({ event }) => event === 'relayed', 'the count of bytes');
  t.match(fields, { bytesIn: (said[0] ?? 0) * block, bytesOut: (said[1] ?? 0) * block });
  t.equal(await acceptd.stop(), 0);
});

t.test('who waits for a server that does not answer yet waits on, and is announced once', async (t) => {
  const [front = 0] = await freePorts(1);
  const { kernel } = engine;
  const queue = listenAt(kernel, loopback(4));
  const back = kernel.portOf(queue);
  kernel.listen(queue, 0);
  const acceptd = await startAcceptd(t, {
    config: relayTo(front, back, 'proxy_header = v1', 'connect_timeout = 60s'),
  });
  // its queue is full, so the next connection is under way until somebody is taken from it
  const filling = [await connect(back)];
  const client = await connect(front);
  const heard = readToEnd(client);
  client.write('said before');
  await acceptd.waitFor(({ event }) => event === 'builtin-started', 'the relay');
  await mustUpgrade(t, acceptd);
  t.notOk(
    acceptd.records.some(({ event }) => event === 'builtin-ended'),
    'it still waits',
  );
  const first = kernel.accept(queue, 1);
  t.equal(first.length, 1);
  const taken = new Uint8Array(4096);
  let text = '';
  let connection: (typeof first)[number] | undefined;
  for (const end = Date.now() + 60_000; !text.endsWith('said before') && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection ??= kernel.accept(queue, 1)[0];
    if (connection === undefined) continue;
    const length = kernel.read(connection.descriptor, taken, 'take');
    if (length !== undefined && length > 0) text += Buffer.from(taken.subarray(0, length)).toString();
  }
  t.match(text, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nsaid before$/);
  if (connection !== undefined) kernel.write(connection.descriptor, Buffer.from('an answer'));
  for (const each of [...first, connection]) if (each !== undefined) kernel.close(each.descriptor);
  client.end();
  t.equal(await heard, 'an answer');
  for (const each of filling) each.destroy();
  kernel.close(queue);
  t.equal(await acceptd.stop(), 0);
});
