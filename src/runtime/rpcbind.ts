// Tells a running rpcbind where SunRPC services listen, so that their clients find them (RFC 1833).
import { createConnection, type NetConnectOpts } from 'node:net';
import { getSystemErrorMap } from 'node:util';
import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/event.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';

/** As rpcbind calls them; a portmapper of old knows only the first two. */
export type RpcProtocol = 'tcp' | 'udp' | 'tcp6' | 'udp6';

export type Rpcbind = {
  /** Registers a version of a program, in place of what was registered for this protocol. */
  readonly register: (
    program: number,
    version: number,
    protocol: RpcProtocol,
    port: number,
  ) => Promise<Failure | undefined>;
  /** Takes away what is registered for a version of a program, over all protocols. */
  readonly unregister: (program: number, version: number) => Promise<Failure | undefined>;
};

export type RpcbindOptions = {
  readonly clock: Clock;
  readonly timeout?: Milliseconds;
  readonly socketPath?: string;
  readonly port?: number;
};

/** One procedure call: its number, which is the same for rpcbind and portmapper, and its arguments in XDR. */
type Call = { readonly procedure: 1 | 2; readonly body: Buffer };
const setProcedure = 1;
const unsetProcedure = 2;
const rpcbindProgram = 100_000;

// --- XDR (RFC 4506) and the messages of ONC RPC (RFC 5531), as far as two procedures with a boolean result need them ---

const words = (...values: readonly number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32BE(value, index * 4);
  });
  return buffer;
};

const string = (text: string): Buffer => {
  const length = Buffer.byteLength(text);
  return Buffer.concat([words(length), Buffer.from(text), Buffer.alloc((4 - (length % 4)) % 4)]);
};

const lastFragment = 0x8000_0000;

/** A call without authentication: over the local socket the kernel says who we are. */
const frame = (id: number, version: number, { procedure, body }: Call): Buffer =>
  Buffer.concat([
    words(lastFragment + 40 + body.length, id, 0, 2, rpcbindProgram, version, procedure, 0, 0, 0, 0),
    body,
  ]);

/** The boolean of a reply; undefined when it is no reply or says that the call was not understood. */
const resultOf = (reply: Buffer, id: number): boolean | undefined => {
  const word = (index: number): number =>
    reply.length >= index * 4 + 4 ? reply.readUInt32BE(index * 4) : -1;
  // identifier, REPLY, ACCEPTED; then the verifier, which has a length
  if (word(0) !== id || word(1) !== 1 || word(2) !== 0) return undefined;
  const status = 5 + Math.ceil(word(4) / 4);
  if (word(status) !== 0 || word(status + 1) < 0) return undefined;
  return word(status + 1) !== 0;
};

// --- Conversations ---

const failure = (code: string, reason: string): Failure => ({
  code,
  what: `cannot reach rpcbind: ${reason}`,
});

const connectionFailure = (error: NodeJS.ErrnoException): Failure => {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return failure(error.code, 'it is not running');
  }
  const [code, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? [error.code ?? 'EIO', error.message];
  return failure(code, reason);
};

/** Makes calls one after the other on one connection; their results, or why there are none. */
const converse = (
  to: NetConnectOpts,
  version: number,
  calls: readonly Call[],
  clock: Clock,
  timeout: Milliseconds,
): Promise<readonly boolean[] | Failure> =>
  new Promise((resolve) => {
    const socket = createConnection(to);
    const results: boolean[] = [];
    let received = Buffer.alloc(0);
    const end = (answer: readonly boolean[] | Failure): void => {
      cancel();
      socket.destroy();
      resolve(answer);
    };
    const cancel = clock.after(timeout, () => end(failure('ETIMEDOUT', 'it does not answer')));
    const next = (): void => {
      const call = calls[results.length];
      if (call === undefined) end(results);
      else socket.write(frame(results.length + 1, version, call));
    };
    const onReply = (): void => {
      const length = received.length < 4 ? 0 : received.readUInt32BE(0) - lastFragment;
      // our replies have 28 bytes: what is longer, or in fragments, is no rpcbind
      if (length < 0 || length > 1024) end(failure('EPROTO', 'it speaks another protocol'));
      if (length <= 0 || received.length < 4 + length) return;
      const result = resultOf(received.subarray(4, 4 + length), results.length + 1);
      received = received.subarray(4 + length);
      if (result === undefined) {
        end(failure('EPROTO', 'it does not know the call'));
      } else {
        results.push(result);
        next();
      }
    };
    socket.on('connect', next);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      onReply();
    });
    socket.on('error', (error) => end(connectionFailure(error)));
    socket.on('close', () => end(failure('ECONNRESET', 'it closed the connection')));
  });

/** `0.0.0.0.19.137`: a universal address, whose last two numbers are the port (RFC 5665). */
const universalAddress = (protocol: RpcProtocol, port: number): string =>
  `${protocol.endsWith('6') ? '::' : '0.0.0.0'}.${port >> 8}.${port & 255}`;

const protocolNumbers = { tcp: 6, udp: 17, tcp6: undefined, udp6: undefined } as const;

/**
 * Speaks version 4 over rpcbind's local socket, which needs no privilege and records the owner, so that nobody else can take
 * the registration away; where there is no such socket, the portmapper's version 2 over the loopback.
 */
export const createRpcbind = ({
  clock,
  timeout = seconds(5),
  socketPath = '/run/rpcbind.sock',
  port = 111,
}: RpcbindOptions): Rpcbind => {
  const askLocally = (calls: readonly Call[]) => converse({ path: socketPath }, 4, calls, clock, timeout);
  const askPortmapper = (calls: readonly Call[]) =>
    converse({ host: '127.0.0.1', port }, 2, calls, clock, timeout);
  const isAbsent = (answer: readonly boolean[] | Failure): boolean =>
    'code' in answer && (answer.code === 'ENOENT' || answer.code === 'ECONNREFUSED');

  return {
    register: async (program, version, protocol, listenPort) => {
      const target = `${program} version ${version} for ${protocol} port ${listenPort}`;
      const place = [string(protocol), string(universalAddress(protocol, listenPort)), string('')];
      const body = Buffer.concat([words(program, version), ...place]);
      // what is set already is not overwritten; the unset touches this protocol only
      let answer = await askLocally([
        { procedure: unsetProcedure, body },
        { procedure: setProcedure, body },
      ]);
      const number = protocolNumbers[protocol];
      if (isAbsent(answer) && number !== undefined) {
        const mapping = words(program, version, number, listenPort);
        // the portmapper's unset takes both protocols away, so it comes only when it must
        answer = await askPortmapper([{ procedure: setProcedure, body: mapping }]);
        if (!('code' in answer) && answer[0] === false) {
          answer = await askPortmapper([
            { procedure: unsetProcedure, body: mapping },
            { procedure: setProcedure, body: mapping },
          ]);
        }
      }
      if ('code' in answer) return { ...answer, what: `cannot register ${target}: ${answer.what}` };
      if (answer.at(-1) === true) return undefined;
      return { code: 'EPERM', what: `cannot register ${target}: rpcbind refuses, another user owns it` };
    },

    unregister: async (program, version) => {
      const target = `${program} version ${version}`;
      const everywhere = Buffer.concat([words(program, version), string(''), string(''), string('')]);
      let answer = await askLocally([{ procedure: unsetProcedure, body: everywhere }]);
      if (isAbsent(answer)) {
        const body = words(program, version, 0, 0);
        answer = await askPortmapper([{ procedure: unsetProcedure, body }]);
      }
      // false: there was nothing, or it is another's; gone or not ours, it is not registered by us any more
      return 'code' in answer
        ? { ...answer, what: `cannot unregister ${target}: ${answer.what}` }
        : undefined;
    },
  };
};
