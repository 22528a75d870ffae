// Asks a client's machine who its user is (RFC 1413), beside everything else.
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../model/clock.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { IdentFailure } from '../model/event.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import { type ConnectionRecord, localEndOf, peerOf, scopeOf } from '../model/record.ts';

/** `user` is what the reply has behind USERID: the kind of system and the user, as `UNIX : alice`. */
export type IdentReply = { readonly user: string } | { readonly why: IdentFailure };

export type Ident = {
  /** The record must have both ends (native/local-end.ts). Never rejects. */
  readonly ask: (record: ConnectionRecord, patience?: Milliseconds) => Promise<IdentReply>;
};

export type IdentOptions = {
  readonly clock: Clock;
  readonly deadline?: Milliseconds;
  /** Questions under way; one more is not asked. */
  readonly atOnce?: number;
  readonly port?: number;
};

const longestReply = 512;

type Ports = { readonly theirs: number; readonly ours: number };

/** What stands behind USERID in the reply to a question about these ports. */
export const parseIdentReply = (line: string, ports: Ports): string | undefined => {
  const match = /^\s*(\d+)\s*,\s*(\d+)\s*:\s*USERID\s*:\s*(\S.*?)\s*$/s.exec(line);
  if (match === null || Number(match[1]) !== ports.theirs || Number(match[2]) !== ports.ours)
    return undefined;
  return escapeControls(match[3] ?? '');
};

/** Why there was no connection, where it is not our own fault. */
const connectFailures: ReadonlyMap<string, IdentFailure> = new Map([
  ['ECONNREFUSED', 'no server'],
  ['ECONNRESET', 'no server'],
  ['EHOSTUNREACH', 'no server'],
  ['EHOSTDOWN', 'no server'],
  ['ENETUNREACH', 'no server'],
  ['ENETDOWN', 'no server'],
  ['EACCES', 'no server'],
  ['ETIMEDOUT', 'timeout'],
]);

/** fe80::1 means nothing without its interface, which libuv wants by name. */
const zoneOf = (scope: number): string => {
  if (scope === 0) return '';
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((each) => each.family === 'IPv6' && each.scopeid === scope)) return `%${name}`;
  }
  return '';
};

export const createIdent = ({
  clock,
  deadline = seconds(10),
  atOnce = 64,
  port = 113,
}: IdentOptions): Ident => {
  let underWay = 0;

  const converse = (record: ConnectionRecord, patience: Milliseconds): Promise<IdentReply> =>
    new Promise((resolve) => {
      const peer = peerOf(record);
      const local = localEndOf(record);
      if (peer.kind !== 'internet' || local === undefined) {
        resolve({ why: 'no server' });
        return;
      }
      if (local.port === 0) {
        resolve({ why: 'system error' });
        return;
      }
      const ports = { theirs: peer.port, ours: local.port };
      const zone = zoneOf(scopeOf(record));
      // from the address that was called: the other side looks for a connection between just these two
      const socket = createConnection({
        host: `${peer.host}${zone}`,
        port,
        localAddress: local.host.startsWith('fe80:') ? `${local.host}${zone}` : local.host,
      });
      let received = '';
      const end = (reply: IdentReply): void => {
        cancel();
        socket.destroy();
        resolve(reply);
      };
      const cancel = clock.after(patience, () => end({ why: 'timeout' }));
      socket.setEncoding('utf8');
      socket.on('connect', () => socket.write(`${ports.theirs},${ports.ours}\r\n`));
      socket.on('data', (text: string) => {
        received += text;
        const lineEnd = received.indexOf('\n');
        const isTooLong =
          Buffer.byteLength(received.slice(0, lineEnd < 0 ? undefined : lineEnd)) > longestReply;
        if (lineEnd < 0 && !isTooLong) return;
        const user = isTooLong ? undefined : parseIdentReply(received.slice(0, lineEnd), ports);
        end(user === undefined ? { why: 'bad response' } : { user });
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        const isConnected = socket.bytesWritten > 0;
        const why = connectFailures.get(error.code ?? '') ?? 'system error';
        end({ why: isConnected ? 'error while receiving response' : why });
      });
      socket.on('close', () => end({ why: 'error while receiving response' }));
    });

  return {
    ask: async (record, patience = deadline) => {
      if (underWay >= atOnce) return { why: 'system error' };
      underWay += 1;
      try {
        return await converse(record, patience);
      } finally {
        underWay -= 1;
      }
    },
  };
};
