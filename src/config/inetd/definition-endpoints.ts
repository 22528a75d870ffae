// The keys that say where a service listens: protocol, socktype, bind, port, path, listen, rpc.
import { isIPv4, isIPv6 } from 'node:net';
import type { Family, SocketType } from '../../model/address.ts';
import type { Report, Token } from '../source.ts';
import { readListenKey } from './definition-listen.ts';
import { readMuxKey } from './definition-mux.ts';
import type { Meaning } from './dialect.ts';
import { type Keys, readChoice } from './keys.ts';
import { type Listening, markIf } from './listening.ts';
import { checkPort, muxNameOf, readHostedName, readMode, readRpcProgram, splitHosts } from './name.ts';
import { checkTransport, type ProtocolWord, readProtocolWord } from './protocol.ts';
import type { Scope } from './scope.ts';
import { checkUnixPath } from './unix-path.ts';

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
  { token, word }: { readonly token: Token; readonly word: ProtocolWord & { readonly kind: 'internet' } },
  keys: Keys,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  const { meaning } = scope;
  const isNative = meaning.dialect === 'acceptd';
  const written = readSocketType(keys, report);
  const socketType = word.transport === 'tcp' ? 'stream' : 'dgram';
  if (written !== undefined) {
    const socket = { socketType: written, instances: undefined, acceptFilter: undefined };
    if (!checkTransport(socket, word, keys.one('socktype') ?? token, report)) return undefined;
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
    if (word.transport !== 'tcp')
      return report.error(service, 'a tcpmux member needs tcp', 'write protocol = tcp');
    return { name, protocol: 'tcp', socketType, endpoints: [], mux, rpc: undefined, marks: {} };
  }
  const rpcValue = keys.one('rpc');
  const isRpc = word.isRpc || rpcValue !== undefined;
  const rpc = isRpc ? readRpcProgram(rpcValue ?? hosted.name, meaning, report) : undefined;
  const port = keys.one('port') ?? hosted.name;
  if (isRpc ? rpc === undefined : !checkPort(port, report)) return undefined;
  const family = word.isPlain && !isNative ? inferFamily(hosts[0], token, report) : word.family;
  return {
    name,
    protocol: word.word,
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
  const member = keys.one('tcpmux');
  if (member !== undefined) return readMuxKey(service, member, keys, report);
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
      return readInternetKeys(service, { token, word: protocol }, keys, scope, report);
  }
};
