// One endpoint in one word, as a value of `listen` has it.
import type { Endpoint, SocketType } from '../../model/address.ts';
import { parseCount } from '../../model/quantity.ts';
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import { checkPort, readHostedName } from './name.ts';
import { readProtocolWord } from './protocol.ts';
import { readUnixPath } from './unix-path.ts';

/** A word of a socket's type, where none is a stream. */
const typeOf = (word: string | undefined): SocketType =>
  word === 'dgram' || word === 'seqpacket' ? word : 'stream';

/** What has a path: `unix-dgram,mode=0600,owner=mail:/path`. */
const readFile = (
  value: Token,
  options: readonly string[],
  rest: Token,
  socketType: SocketType | 'fifo',
  meaning: Meaning,
  report: Report,
): Endpoint | undefined => {
  const known = new Map(
    options.map((option): [string, string] => {
      const equals = option.indexOf('=');
      return [option.slice(0, Math.max(0, equals)), option.slice(equals + 1)];
    }),
  );
  const unknown = [...known.keys()].find((key) => key !== 'mode' && key !== 'owner' && key !== 'group');
  if (unknown !== undefined) {
    return report.error(value, `unknown option '${unknown}'`, 'the options are mode, owner and group');
  }
  const prefix = `:${known.get('owner') ?? ''}:${known.get('group') ?? ''}:${known.get('mode') ?? ''}:`;
  const read = readUnixPath({ ...value, text: `${prefix}${rest.text}`, isQuoted: true }, meaning, report);
  if (read === undefined) return undefined;
  const file = { path: read.path, owner: read.owner?.text, group: read.group?.text, mode: read.mode };
  if (socketType !== 'fifo') return { kind: 'unix', socketType, ...file };
  return read.path.startsWith('@')
    ? report.error(rest, 'a FIFO has no abstract name', 'write an absolute path')
    : { kind: 'fifo', socketType, ...file };
};

/** The highest number is any port, and any machine (vsock(7)). */
const anyNumber = 2 ** 32 - 1;

/** `*:PORT` or `CID:PORT`: two numbers of 32 bits. */
const readVsock = (rest: Token, socketType: SocketType, report: Report): Endpoint | undefined => {
  const [, machine = '', portText = ''] = /^([^:]*):([^:]*)$/.exec(rest.text) ?? [];
  const cid = machine === '*' || machine === '' ? undefined : (parseCount(machine) ?? anyNumber);
  const port = parseCount(portText);
  const isValid = port !== undefined && port < anyNumber && (cid === undefined || cid < anyNumber);
  return isValid
    ? { kind: 'vsock', socketType, cid, port }
    : report.error(rest, `'${rest.text}' is no address of a virtual machine`, 'write *:PORT or CID:PORT');
};

/**
 * `tcp:HOST:PORT`, `udp6:[::1]:53`, `unix:/path`, `unix-dgram,mode=0600,owner=mail,group=mail:@name`,
 * `fifo,mode=0600:/path`, `vsock:*:1024`.
 */
export const readListenWord = (value: Token, meaning: Meaning, report: Report): Endpoint | undefined => {
  const colon = value.text.indexOf(':');
  if (colon === -1) {
    return report.error(value, `'${value.text}' is no endpoint`, 'write PROTOCOL:ADDRESS:PORT or unix:PATH');
  }
  const head = partOfToken(value, 0, colon);
  const rest = partOfToken(value, colon + 1);
  const [word = '', ...options] = head.text.split(',');
  const [, kind, type] = /^(unix|vsock)(?:-(stream|dgram|seqpacket))?$/.exec(word) ?? [];
  if (kind === 'unix') return readFile(value, options, rest, typeOf(type), meaning, report);
  if (word === 'fifo') return readFile(value, options, rest, 'fifo', meaning, report);
  if (kind === 'vsock' && options.length === 0) return readVsock(rest, typeOf(type), report);
  const protocol = readProtocolWord(head, meaning, report);
  if (protocol?.kind === 'unserved') return report.error(head, 'faith is not served', 'remove it');
  if (protocol?.kind !== 'internet') return undefined;
  const hosted = readHostedName(rest, meaning, report);
  if (hosted === undefined) return undefined;
  // `0` is the port of an rpc service, which rpcbind tells to clients.
  if (hosted.name.text !== '0' && !checkPort(hosted.name, report)) return undefined;
  return {
    kind: 'internet',
    socketType: protocol.transport === 'tcp' ? 'stream' : 'dgram',
    family: protocol.family,
    host: hosted.hosts?.[0]?.text ?? '*',
    port: hosted.name.text,
  };
};
