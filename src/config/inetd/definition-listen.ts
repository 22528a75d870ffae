// The native key `listen`: any endpoints of one service, each in one word.
import type { Endpoint } from '../../model/address.ts';
import { partOfToken, type Report, type Token } from '../source.ts';
import { isDaemonDefined } from './definition-daemon.ts';
import type { Meaning } from './dialect.ts';
import type { Keys } from './keys.ts';
import { type Listening, markIf } from './listening.ts';
import { checkPort, readHostedName, readRpcProgram } from './name.ts';
import { readProtocolWord } from './protocol.ts';
import type { Scope } from './scope.ts';
import { protocolWord } from './service-id.ts';
import { readUnixPath } from './unix-path.ts';

/** `tcp:HOST:PORT`, `udp6:[::1]:53`, `unix:/path`, `unix-dgram,mode=0600,owner=mail,group=mail:@name`. */
const readListenWord = (value: Token, meaning: Meaning, report: Report): Endpoint | undefined => {
  const colon = value.text.indexOf(':');
  if (colon === -1) {
    return report.error(value, `'${value.text}' is no endpoint`, 'write PROTOCOL:ADDRESS:PORT or unix:PATH');
  }
  const head = partOfToken(value, 0, colon);
  const rest = partOfToken(value, colon + 1);
  const [word = '', ...options] = head.text.split(',');
  const unix = /^unix(?:-(stream|dgram|seqpacket))?$/.exec(word);
  if (unix !== null) {
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
    const socketType = unix[1] === 'dgram' || unix[1] === 'seqpacket' ? unix[1] : 'stream';
    return {
      kind: 'unix',
      socketType,
      path: read.path,
      owner: read.owner?.text,
      group: read.group?.text,
      mode: read.mode,
    };
  }
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

export const readListenKey = (
  service: Token,
  values: readonly Token[],
  keys: Keys,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  for (const key of [
    'protocol',
    'socktype',
    'bind',
    'port',
    'path',
    'socket_user',
    'socket_group',
    'socket_mode',
  ]) {
    const place = keys.place(key);
    if (place !== undefined)
      report.error(place, `'${key}' says again what 'listen' says`, 'keep one of them');
  }
  const endpoints = values.flatMap((value) => readListenWord(value, scope.meaning, report) ?? []);
  const [first] = endpoints;
  if (first === undefined) return undefined;
  const other = endpoints.findIndex(
    (endpoint) => (endpoint.socketType === 'dgram') !== (first.socketType === 'dgram'),
  );
  if (other !== -1 && !isDaemonDefined(keys)) {
    return report.error(
      values[other] ?? service,
      'one service cannot have datagrams and connections',
      'make two of it',
    );
  }
  const rpcValue = keys.one('rpc');
  const rpc = rpcValue === undefined ? undefined : readRpcProgram(rpcValue, scope.meaning, report);
  return {
    name: service.text,
    protocol: protocolWord(first),
    socketType: first.socketType,
    endpoints,
    mux: undefined,
    rpc,
    marks: { ...markIf('host', values[0], report), ...markIf('rpc', rpcValue, report) },
  };
};
