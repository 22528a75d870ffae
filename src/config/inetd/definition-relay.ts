// The keys of a relay: where it leads to, how patiently, what it says first, and the server behind it.
import { seconds } from '../../model/quantity.ts';
import type { Answer, RelayTarget } from '../../model/service.ts';
import type { Report, Token } from '../source.ts';
import { readProgram } from './answer.ts';
import { type Keys, readChoice, readDurationValue } from './keys.ts';
import type { Listening } from './listening.ts';
import { checkPort } from './name.ts';
import type { Scope } from './scope.ts';

/** How long a connection to the other address may take where nothing is written. */
export const defaultConnectTimeout = seconds(30);

const readBackend = (
  keys: Keys,
  scope: Scope,
  report: Report,
): { readonly file: string; readonly arguments: readonly string[] } | undefined => {
  const program = keys.one('exec');
  const read = program && readProgram(program, keys.all('args'), scope.meaning, report);
  return read?.kind === 'program' ? { file: read.file, arguments: read.arguments } : undefined;
};

/** `HOST PORT`, or a unix socket's `/path` or `@name`; and further ones after it. undefined where one is wrong. */
const readTargets = (words: readonly Token[], report: Report): readonly RelayTarget[] | undefined => {
  const targets: RelayTarget[] = [];
  for (let rest = words; rest.length > 0; ) {
    const [host, port, ...others] = rest;
    if (host === undefined) break;
    if (host.text === '' || /\s/.test(host.text)) {
      return report.error(host, `'${host.text}' is no host`, 'write a name or a numeric address');
    }
    if (/^[/@]./.test(host.text)) {
      if (port !== undefined && /^[0-9]+$/.test(port.text)) {
        return report.error(port, 'a unix socket has no port', 'remove it');
      }
      targets.push({ host: host.text, port: '' });
      rest = rest.slice(1);
      continue;
    }
    if (port === undefined) return report.error(host, 'the port is missing', 'write HOST PORT');
    if (!checkPort(port, report)) return undefined;
    targets.push({ host: host.text, port: port.text });
    rest = others;
  }
  return targets;
};

export const readRelay = (
  keys: Keys,
  listening: Listening,
  scope: Scope,
  report: Report,
): Answer | undefined => {
  const words = keys.all('redirect') ?? [];
  const [first] = words;
  if (first === undefined) return undefined;
  const connectTimeout = readDurationValue(keys.one('connect_timeout'), report) ?? defaultConnectTimeout;
  if (listening.socketType === 'dgram') {
    return report.error(first, 'datagrams cannot be redirected', 'write protocol = tcp');
  }
  const [target, ...fallbacks] = readTargets(words, report) ?? [];
  if (target === undefined) return undefined;
  return {
    kind: 'relay',
    ...target,
    fallbacks,
    connectTimeout,
    retryFor: readDurationValue(keys.one('retry_for'), report),
    proxyHeader: readChoice(keys.one('proxy_header'), ['v1', 'v2'], report),
    idleTimeout: readDurationValue(keys.one('idle_timeout'), report),
    backend: readBackend(keys, scope, report),
  };
};
