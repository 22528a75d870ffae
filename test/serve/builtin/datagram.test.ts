// The datagram built-ins with real datagrams.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { seconds } from '../../../src/model/quantity.ts';
import { createStage, serveDatagrams } from './stage.ts';

type Reply = { readonly bytes: Buffer; readonly from: RemoteInfo };

const openClient = async (t: { teardown: (call: () => void) => unknown }, port = 0): Promise<Socket> => {
  const client = createSocket('udp4').bind(port, '127.0.0.1');
  await once(client, 'listening');
  client.setRecvBufferSize(1024 * 1024);
  t.teardown(() => client.close());
  return client;
};

const ask = async (
  client: Socket,
  port: number,
  question: Buffer | string,
  host = '127.0.0.1',
): Promise<Reply> => {
  const reply = once(client, 'message');
  client.send(question, port, host);
  const [bytes, from] = await reply;
  return { bytes, from };
};

t.test('echo gives back datagrams whole, the empty and the largest too', async (t) => {
  const { port } = serveDatagrams(t, createStage(), 'echo');
  const client = await openClient(t);
  for (const length of [0, 1, 4097, 12_289, 65_507]) {
    const question = Buffer.alloc(length, 'x');
    const { bytes } = await ask(client, port, question);
    t.ok(bytes.equals(question), `${length} bytes`);
  }
});

t.test('the answer comes from the address that was asked', async (t) => {
  const { port } = serveDatagrams(t, createStage(), 'echo');
  const client = await openClient(t);
  for (const host of ['127.0.0.1', '127.0.0.2', '127.9.8.7']) {
    const { from } = await ask(client, port, 'x', host);
    t.match(from, { address: host, port });
  }
});

t.test('chargen sends one line, for each question the next', async (t) => {
  const { port } = serveDatagrams(t, createStage(), 'chargen');
  const client = await openClient(t);
  const lines: string[] = [];
  for (let round = 0; round <= 95; round++) lines.push(String((await ask(client, port, '')).bytes));
  t.equal(lines[0]?.length, 74);
  t.equal(lines[1]?.slice(0, 71), lines[0]?.slice(1, 72));
  t.equal(lines[95], lines[0]);
  t.equal(new Set(lines).size, 95);
});

t.test('daytime and time say what they say over streams', async (t) => {
  const stage = createStage();
  const client = await openClient(t);
  const daytime = serveDatagrams(t, stage, 'daytime');
  t.equal(String((await ask(client, daytime.port, '')).bytes), 'Sun Nov  1 04:05:06 2026\r\n');
  const time = serveDatagrams(t, stage, 'time');
  const { bytes } = await ask(client, time.port, 'what time is it?');
  t.equal(bytes.length, 4);
  t.equal(bytes.readUInt32BE() - 2_208_988_800, stage.clock.wallClock().getTime() / 1000);
});

t.test('discard says nothing', async (t) => {
  const stage = createStage();
  const discard = serveDatagrams(t, stage, 'discard');
  const echo = serveDatagrams(t, stage, 'echo');
  const client = await openClient(t);
  client.send('x', discard.port, '127.0.0.1');
  t.equal((await ask(client, echo.port, 'y')).from.port, echo.port);
});

t.test('a hundred datagrams at once are all answered', async (t) => {
  const { port } = serveDatagrams(t, createStage(), 'echo');
  const client = await openClient(t);
  const seen = new Set<string>();
  client.on('message', (bytes) => seen.add(String(bytes)));
  for (let index = 0; index < 100; index++) client.send(String(index), port, '127.0.0.1');
  while (seen.size < 100) await nextTurn();
  t.equal(seen.size, 100);
});

t.test('our own ports are not answered, which is told once in a while with a count', async (t) => {
  const ports = new Set<number>();
  const stage = createStage({ internalDatagramPorts: () => ports });
  const { port } = serveDatagrams(t, stage, 'echo');
  const spoofer = await openClient(t);
  const client = await openClient(t);
  ports.add(spoofer.address().port);
  spoofer.on('message', () => t.fail('answered'));
  const spoof = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) spoofer.send('x', port, '127.0.0.1');
    await nextTurn();
    // datagrams of one machine come in order: when this is answered, those were seen
    await ask(client, port, 'y');
  };
  await spoof(5);
  t.match(stage.events, [{ kind: 'loop-source-refused', service: 'echo', suppressed: 0 }]);
  stage.clock.advance(seconds(9));
  await spoof(3);
  t.equal(stage.events.length, 1);
  stage.clock.advance(seconds(1));
  await spoof(1);
  t.match(stage.events[1], { kind: 'loop-source-refused', suppressed: 7, peer: { host: '127.0.0.1' } });
  stage.clock.advance(seconds(10));
  await spoof(1);
  t.match(stage.events[2], { kind: 'loop-source-refused', suppressed: 0 });
});

t.test(
  'a reserved port is not answered',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const stage = createStage();
    const { port } = serveDatagrams(t, stage, 'chargen');
    const reserved = await openClient(t, 907);
    reserved.on('message', () => t.fail('answered'));
    reserved.send('x', port, '127.0.0.1');
    await nextTurn();
    await ask(await openClient(t), port, 'y');
    t.match(stage.events, [{ kind: 'loop-source-refused', service: 'chargen', peer: { port: 907 } }]);
  },
);
