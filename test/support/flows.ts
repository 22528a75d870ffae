// Flows for tests: a client and a server of the test's own, and between them two sockets that the addon joins.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConnectAddress } from '../../src/model/address.ts';
import type { Kernel } from '../../src/native/kernel.ts';
import { beginConnect, connectProgress, type Flow, type FlowEnd, relayOf } from '../../src/native/relay.ts';
import { listenAt, loopback, readable } from './engine.ts';

export type JoinedFlow = {
  /** The two outer ends: what one writes, the other reads. */
  readonly client: Socket;
  readonly server: Socket;
  readonly flow: Flow;
  readonly ended: Promise<FlowEnd>;
};

/** Makes flows one after the other, through one listener on each side; the server's is at `path` where that is told. */
export const createFlows = async (kernel: Kernel, path?: string) => {
  const listener = listenAt(kernel, loopback(4));
  const target: Server = createServer({ allowHalfOpen: true });
  target.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(target, 'listening');
  const address = target.address();
  if (address === null) throw new Error('the server has no address');
  const where: ConnectAddress =
    typeof address === 'string'
      ? { version: 'unix', path: address }
      : { version: 4, host: '127.0.0.1', port: address.port };
  const entrance = { version: 4, host: '127.0.0.1', port: kernel.portOf(listener) } as const;

  /** Joins whoever has connected to the entrance to a new connection of the server. */
  const joinNext = async (): Promise<Omit<JoinedFlow, 'client'>> => {
    let [accepted] = kernel.accept(listener, 1);
    while (accepted === undefined) {
      await readable(kernel, listener);
      [accepted] = kernel.accept(listener, 1);
    }
    const arrival = once(target, 'connection');
    const descriptor = beginConnect(where);
    const [server] = (await arrival) as [Socket];
    if (connectProgress(descriptor, where) !== 'connected') throw new Error('the server is not connected');
    let tell = (_end: FlowEnd): void => undefined;
    const ended = new Promise<FlowEnd>((resolve) => {
      tell = resolve;
    });
    const flow = relayOf(kernel).join(accepted.descriptor, descriptor, tell);
    server.on('error', () => undefined);
    return { server, flow, ended };
  };
  const join = async (): Promise<JoinedFlow> => {
    const client = connect({ ...entrance, allowHalfOpen: true });
    client.on('error', () => undefined);
    await once(client, 'connect');
    return { client, ...(await joinNext()) };
  };
  const close = (): void => {
    kernel.close(listener);
    target.close();
  };
  return { entrance, join, joinNext, close };
};

/** All that comes until the end of file. */
export const readToEnd = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
};

/** When nothing more of what was written gets out: the relay has its turns within these, and the kernel its time. */
export const standstill = async (writer: Socket): Promise<void> => {
  let before = -1;
  let since = performance.now();
  for (let turns = 0; turns < 200 || performance.now() - since < 100; turns++) {
    const out = writer.bytesWritten - writer.writableLength;
    if (out !== before) {
      turns = 0;
      since = performance.now();
    }
    before = out;
    await nextTurn();
  }
};

/** Exactly so many bytes. */
export const readExactly = async (socket: Socket, length: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for (let left = length; left > 0; ) {
    const chunk: unknown = socket.read(Math.min(left, Math.max(socket.readableLength, 1)));
    if (Buffer.isBuffer(chunk)) {
      chunks.push(chunk);
      left -= chunk.length;
    } else {
      await once(socket, 'readable');
    }
  }
  return Buffer.concat(chunks);
};

const block = 100_003;

/** The same bytes for the same seed: a test that fails can be repeated. Nothing of two's powers has its period. */
export const noise = (length: number, seed: number): Buffer => {
  const bytes = Buffer.allocUnsafe(block + 1);
  let state = seed | 1;
  for (let at = 0; at < block; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes.writeInt32LE(state ^ (state >>> 15), at);
  }
  return Buffer.alloc(length, bytes.subarray(0, block));
};
