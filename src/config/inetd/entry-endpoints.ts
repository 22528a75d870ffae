// Where a positional entry listens: its service field, in the light of its socket type and protocol.
import type { MuxName } from '../../model/service.ts';
import type { Report, Token } from '../source.ts';
import { type Listening, markIf } from './listening.ts';
import { checkPort, muxNameOf, readHostedName, readRpcProgram } from './name.ts';
import type { ProtocolWord, SocketWord } from './protocol.ts';
import type { Scope } from './scope.ts';
import { readUnixPath } from './unix-path.ts';

const readMuxMember = (
  name: Token,
  hosts: readonly Token[] | undefined,
  mux: MuxName,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  if (!scope.meaning.hasMux) {
    return report.error(
      name,
      `${scope.meaning.dialect} has no tcpmux`,
      'use .dialect acceptd for this entry',
    );
  }
  const [host] = hosts ?? [];
  if (host !== undefined) {
    report.warn(host, 'the address of a tcpmux member has no effect', 'give it to the tcpmux entry');
  }
  return {
    name: name.text,
    protocol: 'tcp',
    socketType: 'stream',
    endpoints: [],
    mux,
    rpc: undefined,
    marks: {},
  };
};

const readInternet = (
  service: Token,
  socket: SocketWord,
  protocol: ProtocolWord & { readonly kind: 'internet' },
  scope: Scope,
  report: Report,
): Listening | undefined => {
  const { meaning } = scope;
  const hosted = readHostedName(service, meaning, report);
  if (hosted === undefined) return undefined;
  const { hosts, name } = hosted;
  const mux = muxNameOf(name.text);
  if (mux !== undefined) {
    if (protocol.transport !== 'tcp' || protocol.isRpc) {
      return report.error(name, 'a tcpmux member needs tcp', 'write stream tcp');
    }
    return readMuxMember(name, hosts, mux, scope, report);
  }
  const rpc = protocol.isRpc ? readRpcProgram(name, meaning, report) : undefined;
  if (protocol.isRpc ? rpc === undefined : !checkPort(name, report)) return undefined;
  const socketType = socket.socketType === 'stream' ? 'stream' : 'dgram';
  const names = hosts?.map((host) => host.text) ?? scope.hosts;
  const [firstHost] = hosts ?? [];
  return {
    name: name.text,
    protocol: protocol.word,
    socketType,
    endpoints: names.map((host) => ({
      kind: 'internet',
      socketType,
      family: protocol.family,
      host,
      port: protocol.isRpc ? '0' : name.text,
    })),
    mux: undefined,
    rpc,
    marks: {
      ...markIf('host', firstHost, report),
      ...markIf(protocol.isRpc ? 'rpc' : 'port', name, report),
    },
  };
};

const readUnix = (
  service: Token,
  socket: SocketWord,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  const unix = readUnixPath(service, scope.meaning, report);
  if (unix === undefined) return undefined;
  const { path, owner, group, mode } = unix;
  return {
    name: path,
    protocol: 'unix',
    socketType: socket.socketType,
    endpoints: [
      { kind: 'unix', socketType: socket.socketType, path, owner: owner?.text, group: group?.text, mode },
    ],
    mux: undefined,
    rpc: undefined,
    marks: {
      ...markIf('socketUser', owner, report),
      ...markIf('socketGroup', group, report),
    },
  };
};

/** Undefined where nothing can be listened on, which is reported. */
export const readListening = (
  service: Token,
  socket: SocketWord,
  protocol: ProtocolWord,
  scope: Scope,
  report: Report,
): Listening | undefined => {
  if (protocol.kind === 'internet') return readInternet(service, socket, protocol, scope, report);
  return protocol.kind === 'unix' ? readUnix(service, socket, scope, report) : undefined;
};
