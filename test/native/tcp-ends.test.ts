// The bytes of TCP connections that are over, however they were ended.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { openTcpEnds, type TcpEnd } from '../../src/native/tcp-ends.ts';
import { connect } from '../support/client.ts';
import { openEngine } from '../support/engine.ts';

const { kernel } = openEngine(t);
const ends = openTcpEnds();
t.teardown(() => kernel.close(ends.descriptor));

type Told = Pick<TcpEnd, 'version' | 'bytesIn' | 'bytesOut'> & { readonly local: readonly number[] };

const listen = async (t: Test, host: string): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { server, port: address.port };
};

/** What is told of the server's end; the kernel tells it a little after the last word. */
const untilTold = async (port: number): Promise<Told | undefined> => {
  const told: Told[] = [];
  for (let tries = 0; tries < 3_000 && told.length === 0; tries++) {
    ends.drain(({ version, localPort, bytes, localOffset, bytesIn, bytesOut }) => {
      const local = [...bytes.subarray(localOffset, localOffset + (version === 4 ? 4 : 16))];
      if (localPort === port) told.push({ version, local, bytesIn, bytesOut });
    });
    if (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return told[0];
};

const said = 1_234;
const answered = 200_000;

/** A client and its server that have said all, and read all. */
const talk = async (server: Server, port: number, host: string) => {
  const accepted = once(server, 'connection');
  const client = await connect(port, host);
  const [peer]: Socket[] = await accepted;
  if (peer === undefined) throw new Error('nobody came');
  for (const each of [client, peer]) each.on('error', () => undefined);
  const gets = (socket: Socket, count: number): Promise<void> =>
    new Promise((resolve) => {
      let got = 0;
      socket.on('data', (part: Buffer) => {
        got += part.length;
        if (got === count) resolve();
      });
    });
  const [first, second] = [gets(peer, said), gets(client, answered)];
  client.write('x'.repeat(said));
  await first;
  peer.write('y'.repeat(answered));
  await second;
  return { client, peer };
};

const ways: readonly (readonly [string, (client: Socket, peer: Socket) => void])[] = [
  [
    'the client first',
    (client, peer) => {
      client.end();
      peer.once('end', () => peer.end());
    },
  ],
  [
    'the server first',
    (client, peer) => {
      peer.end();
      client.once('end', () => client.end());
    },
  ],
  [
    'the client with a reset',
    (client, peer) => {
      client.resetAndDestroy();
      peer.once('close', () => undefined);
    },
  ],
];

for (const [name, finish] of ways)
  t.test(`every byte is counted when it is ${name} who ends it`, async (t) => {
    for (const [host, to, version, local] of [
      ['127.0.0.1', '127.0.0.1', 4, [127, 0, 0, 1]],
      ['::1', '::1', 6, [...Array(15).fill(0), 1]],
      ['::', '127.0.0.1', 4, [127, 0, 0, 1]],
    ] as const) {
      const { server, port } = await listen(t, host);
      const { client, peer } = await talk(server, port, to);
      finish(client, peer);
      t.strictSame(
        await untilTold(port),
        { version, local, bytesIn: said, bytesOut: answered },
        `${to} at a socket for ${host}`,
      );
      client.destroy();
      peer.destroy();
    }
  });

t.test('that some were lost is told, and those that come later are there', async (t) => {
  const small = openTcpEnds();
  t.teardown(() => kernel.close(small.descriptor));
  kernel.setOption(small.descriptor, 'SO_RCVBUF', 1);
  const { server, port } = await listen(t, '127.0.0.1');
  server.on('connection', (socket: Socket) => socket.on('error', () => undefined).end('y'));
  const leave = async (): Promise<void> => {
    const client = await connect(port);
    client.resume();
    await once(client, 'end');
    client.end();
    await once(client, 'close');
  };
  let [lost, seen] = [0, 0];
  for (let rounds = 0; rounds < 20 && lost === 0; rounds++) {
    await Promise.all(Array.from({ length: 30 }, leave));
    await new Promise((resolve) => setTimeout(resolve, 50));
    lost += small.drain(() => undefined);
  }
  t.ok(lost > 0, `${lost} times`);
  for (let rounds = 0; rounds < 100 && seen === 0; rounds++) {
    await leave();
    small.drain(({ localPort }) => {
      if (localPort === port) seen += 1;
    });
  }
  t.ok(seen > 0);
});
