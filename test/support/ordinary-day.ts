// A process of its own: a little of everything that the engine does, in a few seconds even under valgrind.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerOf, sourceOf } from '../../src/model/record.ts';
import { lookupAccount, lookupGroup, lookupPort, lookupRpcProgram } from '../../src/native/lookup.ts';
import { connectTo, listenAt, loopback, openEngine, readAll, readable, recipeOf, unixAt } from './engine.ts';
import { createFlows, noise, readExactly, readToEnd } from './flows.ts';

let end = (): void => undefined;
const engine = openEngine({
  teardown: (shutDown) => {
    end = shutDown;
  },
});
const { kernel, ended } = engine;
const room = Buffer.alloc(2048);
const wholeRecipe = recipeOf(kernel, '/bin/true', {
  arguments: ['true', 'argument'],
  environment: ['A=1', 'B=2'],
  addressVariables: [
    { name: 'REMOTE_ADDR', field: 'remoteAddress' },
    { name: 'REMOTE_PORT', field: 'remotePort' },
    { name: 'PEER_UID', field: 'peerUid' },
  ],
  pidVariables: ['LISTEN_PID', 'SYSTEMD_EXEC_PID'],
  hasPidfdVariable: true,
  hasInvocationId: true,
  layout: ['handed', 'handed', 'null', 'handed'],
  resourceLimits: [{ resource: 4, soft: 0, hard: 0 }],
  nice: 1,
  umask: 0o22,
  workingDirectory: '/',
});
const missing = recipeOf(kernel, '/nowhere/program');

const serveOne = async (recipe: typeof missing): Promise<void> => {
  const path = join(tmpdir(), `acceptd-day-${process.pid}`);
  for (const address of [loopback(4), loopback(6), unixAt(path)]) {
    const listener = kernel.raise(listenAt(kernel, address));
    const where = address.kind === 'unix' ? { path } : { host: address.host, port: kernel.portOf(listener) };
    const { client, accepted } = await connectTo(kernel, listener, where);
    const output = readAll(client);
    peerOf(accepted.record);
    sourceOf(accepted.record, { v4: 32, v6: 64 });
    kernel.write(accepted.descriptor, Buffer.from('text'));
    const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
    await Promise.all([output, ended(pid)]);
    kernel.close(listener);
  }
  rmSync(path);
};

const exchangeDatagrams = async (): Promise<void> => {
  for (const version of [4, 6] as const) {
    const socket = kernel.openSocket(version, 'dgram');
    kernel.setOption(socket, version === 4 ? 'IP_PKTINFO' : 'IPV6_RECVPKTINFO', 1);
    kernel.bindInternet(socket, loopback(version, 'dgram'));
    const client = createSocket(version === 4 ? 'udp4' : 'udp6');
    client.send('text', kernel.portOf(socket), version === 4 ? '127.0.0.1' : '::1');
    await readable(kernel, socket);
    const datagram = kernel.receive(socket, room, 'take');
    if (datagram === undefined) throw new Error('no datagram');
    kernel.hasOtherSenders(socket, datagram.record);
    const reply = once(client, 'message');
    kernel.send(socket, Buffer.from('odd'), datagram.record);
    await reply;
    try {
      kernel.inject(Buffer.from('odd'), datagram.record);
    } catch {
      // only root may
    }
    kernel.connectTo(socket, datagram.record);
    kernel.close(socket);
    client.close();
  }
};

/** A question and answer, bulk, a reset, and one that is stopped with bytes in it. */
const relaySome = async (): Promise<void> => {
  const flows = await createFlows(kernel);
  const [whole, broken, stopped] = [await flows.join(), await flows.join(), await flows.join()];
  whole.client.write('question');
  await readExactly(whole.server, 8);
  const answer = noise(600_000, 1);
  whole.server.end(answer);
  if (!(await readToEnd(whole.client)).equals(answer)) throw new Error('bytes were lost');
  whole.client.end();
  await whole.ended;
  broken.client.write('x');
  await readExactly(broken.server, 1);
  broken.client.resetAndDestroy();
  await broken.ended;
  stopped.client.write(Buffer.alloc(8_000_000));
  await once(stopped.server, 'readable');
  stopped.flow.stop();
  for (const { client, server } of [whole, broken, stopped]) {
    client.destroy();
    server.destroy();
  }
  flows.close();
};

await serveOne(wholeRecipe);
await serveOne(missing);
kernel.traceConnections(true);
await serveOne(wholeRecipe);
await serveOne(missing);
kernel.traceConnections(false);
await exchangeDatagrams();
await relaySome();
const { ours, theirs } = kernel.openLogPair();
kernel.write(theirs, Buffer.from('line'));
kernel.receiveLog(ours, room);
kernel.close(ours);
kernel.close(theirs);
await Promise.all([
  lookupAccount('root'),
  lookupGroup('root'),
  lookupPort('ftp', 'tcp'),
  lookupRpcProgram('nfs'),
]);
kernel.trimMemory();
end();
