// The keys that say where a service listens: protocol, socktype, bind, port, path, listen, rpc.
import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint, Family, SocketType } from '../../model/address.ts';
import type { MuxName, RpcProgram } from '../../model/service.ts';
import { type Marks, markToken, partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import { type Keys, readChoice } from './keys.ts';
import { checkPort, muxNameOf, readHostedName, readMode, readRpcProgram, splitHosts } from './name.ts';
import { checkTransport, type ProtocolWord, readProtocolWord } from './protocol.ts';
import type { Scope } from './scope.ts';
import { checkUnixPath, readUnixPath } from './unix-path.ts';

export type Listening = {
  readonly name: string;
  /** The protocol word, as ids show it. */
  readonly protocol: string;
  readonly socketType: SocketType;
  readonly endpoints: readonly Endpoint[];
  readonly mux: MuxName | undefined;
  readonly rpc: RpcProgram | undefined;
  readonly marks: Partial<Marks>;
};

const markIf = (
  field: 'host' | 'port' | 'rpc' | 'socketUser' | 'socketGroup',
  token: Token | undefined,
  report: Report,
): Partial<Marks> => (token === undefined ? {} : { [field]: markToken(report.source, token) });

const readSocketType = (keys: Keys, report: Report): SocketType | undefined =>
  readChoice(keys.one('socktype'), ['stream', 'dgram', 'seqpacket'], report);

/** NetBSD infers the family of `tcp` from a numeric address, and refuses to guess without one. */
const inferFamily = (host: string | undefined, place: Token, report: Report): Family => {
  if (host !== undefined && isIPv4(host)) return 'v4';
  if (host !== undefined && isIPv6(host)) return 'v6';
  report.error(
    place,
    `'${place.text}' does not say which IP version, and no numeric address does`,
    `write ${place.text}4 or ${place.text}6`,
  );
  return 'v4';
};

const readUnixKeys = (
  service: Token,
  keys: Keys,
  meaning: Meaning,
  report: Report,
): Listening | undefined => {
  const isNative = meaning.dialect === 'acceptd';
  const socketType = readSocketType(keys, report) ?? 'stream';
  if (keys.place('socktype') === undefined && !isNative) {
    return report.error(
      service,
      `the socket type of '${service.text}' is missing`,
      'write socktype = stream',
    );
  }
  const pathValue = keys.one('path');
  const written = pathValue ?? service;
  const path = checkUnixPath(written, meaning, report);
  const named = readUnixMode(keys, meaning, report);
  if (path === undefined || named === undefined) return undefined;
  return {
    name: pathValue === undefined ? path : service.text,
    protocol: 'unix',
    socketType,
    endpoints: [
      {
        kind: 'unix',
        socketType,
        path,
        owner: keys.one('socket_user')?.text,
        group: keys.one('socket_group')?.text,
        mode: named,
      },
    ],
    mux: undefined,
    rpc: undefined,
    marks: {
      ...markIf('socketUser', keys.one('socket_user'), report),
      ...markIf('socketGroup', keys.one('socket_group'), report),
    },
  };
};

const readUnixMode = (keys: Keys, meaning: Meaning, report: Report): number | undefined => {
  const mode = keys.one('socket_mode');
  return mode === undefined ? meaning.unixMode : readMode(mode, report);
};

const readBoundHosts = (
  keys: Keys,
  nameHosts: readonly Token[] | undefined,
  report: Report,
): readonly Token[] | undefined => {
  const bind = keys.all('bind');
  const [first] = nameHosts ?? [];
  if (bind === undefined) return nameHosts;
  if (first !== undefined) report.warn(first, "this address has no effect beside 'bind'", 'keep one of them');
  return bind.flatMap((value) => splitHosts(value, report));
};

const readInternetKeys = (
  service: Token,
  protocolToken: Token,
  protocol: ProtocolWord & { readonly kind: 'internet' },
  keys: Keys,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  const { meaning } = scope;
  const isNative = meaning.dialect === 'acceptd';
  const written = readSocketType(keys, report);
  const socketType = protocol.transport === 'tcp' ? 'stream' : 'dgram';
  if (written !== undefined) {
    const socket = { socketType: written, instances: undefined, acceptFilter: undefined };
    if (!checkTransport(socket, protocol, keys.one('socktype') ?? protocolToken, report)) return undefined;
  }
  // A quoted name is a name as it stands.
  const hosted =
    service.isQuoted && isNative
      ? { hosts: undefined, name: service }
      : readHostedName(service, meaning, report);
  if (hosted === undefined) return undefined;
  const bound = readBoundHosts(keys, hosted.hosts, report);
  const hosts = bound?.map((host) => host.text) ?? scope.hosts;
  const name = hosted.name.text;
  const mux = muxNameOf(name);
  if (mux !== undefined && keys.place('port') === undefined) {
    if (protocol.transport !== 'tcp')
      return report.error(service, 'a tcpmux member needs tcp', 'write protocol = tcp');
    return { name, protocol: 'tcp', socketType, endpoints: [], mux, rpc: undefined, marks: {} };
  }
  const rpcValue = keys.one('rpc');
  const isRpc = protocol.isRpc || rpcValue !== undefined;
  const rpc = isRpc ? readRpcProgram(rpcValue ?? hosted.name, meaning, report) : undefined;
  const port = keys.one('port') ?? hosted.name;
  if (isRpc ? rpc === undefined : !checkPort(port, report)) return undefined;
  const family =
    protocol.isPlain && !isNative ? inferFamily(hosts[0], protocolToken, report) : protocol.family;
  return {
    name,
    protocol: protocol.word,
    socketType,
    endpoints: hosts.map((host) => ({
      kind: 'internet',
      socketType,
      family,
      host,
      port: isRpc ? '0' : port.text,
    })),
    mux: undefined,
    rpc,
    marks: {
      ...markIf('host', bound?.[0], report),
      ...markIf(isRpc ? 'rpc' : 'port', isRpc ? (rpcValue ?? hosted.name) : port, report),
    },
  };
};

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

const readListenKey = (
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
  if (other !== -1) {
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
    protocol: first.kind === 'unix' ? 'unix' : first.socketType === 'stream' ? 'tcp' : 'udp',
    socketType: first.socketType,
    endpoints,
    mux: undefined,
    rpc,
    marks: { ...markIf('host', values[0], report), ...markIf('rpc', rpcValue, report) },
  };
};

/** The protocol that is written, or natively the one that follows from the rest. */
const protocolTokenOf = (service: Token, keys: Keys, meaning: Meaning, report: Report): Token | undefined => {
  const written = keys.one('protocol');
  if (written !== undefined) return written;
  if (meaning.dialect !== 'acceptd') {
    return report.error(
      service,
      `the protocol of '${service.text}' is missing`,
      'write protocol = tcp4 or another',
    );
  }
  const socketType = keys.one('socktype')?.text;
  if (keys.place('path') !== undefined || /^[/@]/.test(service.text) || socketType === 'seqpacket') {
    return { ...service, text: 'unix' };
  }
  return { ...service, text: socketType === 'dgram' ? 'udp' : 'tcp' };
};

export const readEndpointKeys = (
  service: Token,
  keys: Keys,
  scope: Scope,
  report: Report,
): Listening | 'unserved' | undefined => {
  const listen = keys.all('listen');
  if (listen !== undefined && listen.length > 0) return readListenKey(service, listen, keys, scope, report);
  const token = protocolTokenOf(service, keys, scope.meaning, report);
  if (token === undefined) return undefined;
  const protocol = readProtocolWord(token, scope.meaning, report);
  if (protocol === undefined) return undefined;
  switch (protocol.kind) {
    case 'unserved':
      return 'unserved';
    case 'unix':
      return readUnixKeys(service, keys, scope.meaning, report);
    case 'internet':
      return readInternetKeys(service, token, protocol, keys, scope, report);
  }
};
