// The socket type and protocol words: `stream,2:dataready`, `rpc/udp6,rcvbuf=64k`, `unix`.
import type { Family, SocketType } from '../../model/address.ts';
import { type Bytes, parseBytes, parseCount } from '../../model/quantity.ts';
import { nearestWord } from '../nearest.ts';
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';

export type SocketWord = {
  readonly socketType: SocketType;
  /** NetBSD's accept-max: instances at once. */
  readonly instances: number | undefined;
  readonly acceptFilter: Token | undefined;
};

export type ProtocolWord =
  | { readonly kind: 'unix' }
  | {
      readonly kind: 'internet';
      readonly transport: 'tcp' | 'udp';
      /** As written, without `rpc/` and suffixes: `tcp`, `udp6`. */
      readonly word: string;
      readonly family: Family;
      /** Neither 4 nor 6 was written, which NetBSD's key form refuses without a numeric address. */
      readonly isPlain: boolean;
      readonly isRpc: boolean;
      readonly sendBuffer: Bytes | undefined;
      readonly receiveBuffer: Bytes | undefined;
    }
  /** Recognised, and not served: a warning has said so. */
  | { readonly kind: 'unserved' };

const socketTypes = ['stream', 'dgram', 'seqpacket', 'raw', 'rdm'];

export const readSocketWord = (token: Token, meaning: Meaning, report: Report): SocketWord | undefined => {
  const colon = token.text.indexOf(':');
  const beforeFilter = colon === -1 ? token.text : token.text.slice(0, colon);
  const comma = beforeFilter.indexOf(',');
  const word = comma === -1 ? beforeFilter : beforeFilter.slice(0, comma);
  const place = partOfToken(token, 0, word.length);
  if (word === 'raw' || word === 'rdm') {
    return report.error(
      place,
      `${word} sockets are not served`,
      'use stream, dgram or, on unix sockets, seqpacket',
    );
  }
  if (word !== 'stream' && word !== 'dgram' && word !== 'seqpacket') {
    const nearest = nearestWord(word, socketTypes);
    return report.error(
      place,
      `unknown socket type '${word}'`,
      nearest === undefined ? 'use stream or dgram' : `did you mean ${nearest}?`,
    );
  }
  if (beforeFilter.length === token.text.length && comma === -1) {
    return { socketType: word, instances: undefined, acceptFilter: undefined };
  }
  const suffix = partOfToken(token, word.length);
  if (!meaning.hasAcceptSuffixes) {
    return report.error(
      suffix,
      `${meaning.dialect} has nothing like '${suffix.text}' here`,
      `write ${word} alone`,
    );
  }
  const acceptFilter = colon === -1 ? undefined : partOfToken(token, colon + 1);
  if (comma === -1) return { socketType: word, instances: undefined, acceptFilter };
  const number = partOfToken(token, comma + 1, beforeFilter.length);
  const instances = parseCount(number.text);
  if (instances === undefined) {
    return report.error(
      number,
      `'${number.text}' is no number of instances`,
      `write ${word},10 or ${word} alone`,
    );
  }
  return { socketType: word, instances, acceptFilter };
};

type Buffers = { readonly sendBuffer: Bytes | undefined; readonly receiveBuffer: Bytes | undefined };

/** A buffer size as NetBSD takes it: at least 1, `k` and `m` are powers of 1024. */
export const readBufferSize = (token: Token, report: Report): Bytes | undefined => {
  const size = parseBytes(token.text);
  if (size === undefined || size < 1 || size > 0x7fffffff) {
    return report.error(
      token,
      `'${token.text}' is no buffer size`,
      'write a number of bytes, as 65536, 64k or 1m',
    );
  }
  return size;
};

const readBuffers = (token: Token, start: number, report: Report): Buffers => {
  let buffers: Buffers = { sendBuffer: undefined, receiveBuffer: undefined };
  let index = start;
  for (const piece of token.text.slice(start).split(',')) {
    const part = partOfToken(token, index, index + piece.length);
    index += piece.length + 1;
    const equals = piece.indexOf('=');
    const name = equals === -1 ? piece : piece.slice(0, equals);
    const field = name === 'sndbuf' ? 'sendBuffer' : name === 'rcvbuf' ? 'receiveBuffer' : undefined;
    if (field === undefined) {
      report.error(part, `unknown protocol option '${name}'`, 'the options are sndbuf=SIZE and rcvbuf=SIZE');
    } else if (buffers[field] !== undefined) {
      report.error(part, `${name} is given twice`, 'keep one of them');
    } else {
      const size = readBufferSize(partOfToken(part, equals === -1 ? piece.length : equals + 1), report);
      buffers = { ...buffers, [field]: size };
    }
  }
  return buffers;
};

const protocolWords = [
  'tcp',
  'udp',
  'tcp4',
  'tcp6',
  'udp4',
  'udp6',
  'tcp46',
  'udp46',
  'unix',
  'rpc/tcp',
  'rpc/udp',
];

const unknownProtocol = (place: Token, meaning: Meaning, report: Report): undefined => {
  const match = /^(tcp|udp)([0-9a-z]+)$/.exec(place.text);
  const nearest = match === null ? nearestWord(place.text, protocolWords) : undefined;
  if (match !== null) {
    const known = [...meaning.families.keys()].map((suffix) => `${match[1]}${suffix}`).join(', ');
    return report.error(place, `${meaning.dialect} has no protocol '${place.text}'`, `use one of ${known}`);
  }
  return report.error(
    place,
    `unknown protocol '${place.text}'`,
    nearest === undefined ? 'use tcp, udp or unix' : `did you mean ${nearest}?`,
  );
};

export const readProtocolWord = (
  token: Token,
  meaning: Meaning,
  report: Report,
): ProtocolWord | undefined => {
  const comma = token.text.indexOf(',');
  const place = comma === -1 ? token : partOfToken(token, 0, comma);
  if (place.text === 'unix') {
    if (!meaning.hasUnix) {
      return report.error(
        place,
        `${meaning.dialect} has no unix sockets`,
        'use .dialect acceptd for this entry',
      );
    }
    if (comma === -1) return { kind: 'unix' };
    return report.error(partOfToken(token, comma), 'unix sockets take no options here', 'write unix alone');
  }
  if (/^faith\/|\/faith$/.test(place.text)) {
    report.warn(
      place,
      'faith translated IPv6 into IPv4 in BSD kernels; this entry is not served',
      'remove it',
    );
    return { kind: 'unserved' };
  }
  if (place.text === 'tcp/ttcp') {
    report.warn(place, 'T/TCP is gone; this entry is served over plain TCP', 'write tcp');
  }
  const bare = place.text === 'tcp/ttcp' ? 'tcp' : place.text;
  const isRpc = bare.startsWith('rpc/');
  const word = isRpc ? bare.slice(4) : bare;
  const transport = word.startsWith('tcp') ? 'tcp' : word.startsWith('udp') ? 'udp' : undefined;
  const family = transport === undefined ? undefined : meaning.families.get(word.slice(3));
  if (transport === undefined || family === undefined) return unknownProtocol(place, meaning, report);
  if (isRpc && !meaning.hasRpc) {
    return report.error(
      place,
      `${meaning.dialect} has no rpc services`,
      'use .dialect acceptd for this entry',
    );
  }
  if (comma !== -1 && !meaning.hasBuffers) {
    const options = partOfToken(token, comma);
    return report.error(
      options,
      `${meaning.dialect} has no options after the protocol`,
      `write ${place.text} alone`,
    );
  }
  const buffers =
    comma === -1
      ? { sendBuffer: undefined, receiveBuffer: undefined }
      : readBuffers(token, comma + 1, report);
  return { kind: 'internet', transport, word, family, isPlain: word.length === 3, isRpc, ...buffers };
};

/** Whether the two words go together; `stream udp` and `seqpacket tcp` do not. */
export const checkTransport = (
  socket: SocketWord,
  protocol: ProtocolWord,
  place: Token,
  report: Report,
): boolean => {
  if (protocol.kind !== 'internet') return true;
  const wanted = protocol.transport === 'tcp' ? 'stream' : 'dgram';
  if (socket.socketType === wanted) return true;
  report.error(
    place,
    `a ${socket.socketType} socket does not go with ${protocol.word}`,
    socket.socketType === 'seqpacket' ? 'seqpacket needs unix' : `write ${wanted} ${protocol.word}`,
  );
  return false;
};
