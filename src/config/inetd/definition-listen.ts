// The native key `listen`: any endpoints of one service, each in one word.
import type { Report, Token } from '../source.ts';
import { isDaemonDefined } from './definition-daemon.ts';
import type { Keys } from './keys.ts';
import { readListenWord } from './listen-word.ts';
import { type Listening, markIf } from './listening.ts';
import { readRpcProgram } from './name.ts';
import type { Scope } from './scope.ts';
import { protocolWord } from './service-id.ts';

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
