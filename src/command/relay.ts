// acceptd relay: what systemd-socket-proxyd does; put into words of the native language and read like a file.
import { isatty } from 'node:tty';
import { quote } from '../config/inetd/written-line.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { descriptorOf } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import { inspectSocket, takesMapped } from '../native/inspect.ts';
import type { LogLevel } from '../operate/log.ts';
import { loadText } from '../operate/reload.ts';
import { countInherited } from '../operate/start-environment.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { becomeGuard } from './guard.ts';
import type { RecordTarget } from './log-targets.ts';
import type { LogFormat } from './record-log.ts';
import { runServer } from './server.ts';
import { type ControlChoice, controlWishes } from './server-control.ts';
import { usualServer } from './server-options.ts';

export type RelayChoice = ControlChoice & {
  readonly addresses: readonly string[] | undefined;
  readonly to: readonly string[] | undefined;
  readonly connectionsMax: number;
  readonly onLimit: 'hold' | 'refuse';
  readonly exitIdleTime: Milliseconds | undefined;
  readonly idleTimeout: Milliseconds | undefined;
  readonly connectTimeout: Milliseconds | undefined;
  readonly retry: Milliseconds | undefined;
  readonly proxyProtocol: 'v1' | 'v2' | undefined;
  readonly drain: number;
  readonly drainDelay: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly log: readonly RecordTarget[] | undefined;
  readonly syslogFormat: SyslogFormat;
  readonly pidFile: string | undefined;
  readonly trace: string | undefined;
  readonly announce: boolean | undefined;
  readonly guard: boolean;
};

const firstDescriptor = 3;
const webPort = '80';

/** The words of `redirect`; undefined of what is no target. */
const targetOf = (word: string): readonly string[] | undefined => {
  const [, path] = /^(?:unix:)?([/@].+)$/.exec(word) ?? [];
  if (path !== undefined) return [path];
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::([A-Za-z0-9_-]+))?$/.exec(word) ?? [];
  if (plain !== undefined && /^[0-9]+$/.test(plain) && port === undefined) return ['127.0.0.1', plain];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : [host, port ?? webPort];
};

/** The word of `listen`; undefined of what is no address. */
const endpointOf = (word: string): string | undefined => {
  const [, path] = /^(?:unix:)?([/@].+)$/.exec(word) ?? [];
  if (path !== undefined) return `unix:${path}`;
  if (/^tcp[46]{0,2}:./.test(word)) return word;
  return /^(?:.*:)?[A-Za-z0-9_-]+$/.test(word) ? `tcp:${word}` : undefined;
};

/** One that acceptd was started with, in the same words; undefined of what takes no connections. */
const inheritedEndpoint = (index: number): string | undefined => {
  const descriptor = descriptorOf(firstDescriptor + index);
  const found = inspectSocket(descriptor);
  if (typeof found === 'string' || found.socketType !== 'stream' || !found.isListening) return undefined;
  const { family, place, port } = found;
  if (family === 'unix') return `unix:${place}`;
  if (family === 4) return `tcp4:${place}:${port}`;
  return family === 6 ? `tcp${takesMapped(descriptor) ? '46' : '6'}:[${place}]:${port}` : undefined;
};

const inheritedEndpoints = (): readonly string[] =>
  Array.from({ length: countInherited(process.env) }, (_, index) => inheritedEndpoint(index)).filter(
    (endpoint) => endpoint !== undefined,
  );

const definition = (
  chosen: RelayChoice,
  endpoints: readonly string[],
  targets: readonly (readonly string[])[],
): string => {
  const time = (value: Milliseconds | undefined): string | undefined =>
    value === undefined ? undefined : `${value}ms`;
  const settings: readonly (readonly [string, string | number | undefined])[] = [
    ['id', 'relay'],
    ['listen', endpoints.map(quote).join(' ')],
    ['redirect', targets.flat().map(quote).join(' ')],
    ['instances', chosen.connectionsMax],
    ['on_limit', chosen.onLimit],
    ['idle_timeout', time(chosen.idleTimeout)],
    ['connect_timeout', time(chosen.connectTimeout)],
    ['retry_for', time(chosen.retry)],
    ['proxy_header', chosen.proxyProtocol],
  ];
  const written = settings.flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  return `relay on ${written.join(', ')} ;\n`;
};

export const relay = async (chosen: RelayChoice): Promise<ExitStatus> => {
  const words = (chosen.addresses ?? []).map(String);
  // as systemd-socket-proxyd is called: the sockets are there, the one word says where they lead
  const isBare = chosen.to === undefined && words.length === 1;
  const targetWords = isBare ? words : (chosen.to ?? []).map(String);
  if (targetWords.length === 0) {
    return complain('no target; write one: acceptd relay 8080 --to 10.0.0.1:80', exitStatus.usage);
  }
  const targets: (readonly string[])[] = [];
  for (const word of targetWords) {
    const target = targetOf(word);
    if (target === undefined) {
      return complain(`'${word}' is no target; write HOST:PORT, /path or @name`, exitStatus.usage);
    }
    targets.push(target);
  }
  const endpoints: string[] = [];
  for (const word of isBare ? [] : words) {
    const endpoint = endpointOf(word);
    if (endpoint === undefined) {
      return complain(`'${word}' is no address; write PORT, HOST:PORT or /path`, exitStatus.usage);
    }
    endpoints.push(endpoint);
  }
  if (endpoints.length === 0) endpoints.push(...inheritedEndpoints());
  if (endpoints.length === 0) {
    return complain(
      'nowhere to listen: no socket was passed (LISTEN_FDS); write an address: acceptd relay 8080 --to 10.0.0.1:80',
      exitStatus.usage,
    );
  }
  const text = definition(chosen, endpoints, targets);
  if (chosen.guard) return becomeGuard();
  const control = controlWishes(chosen, 'only-when-named');
  if (typeof control === 'string') return complain(control, exitStatus.usage);
  return runServer({
    ...usualServer,
    load: () => loadText(text),
    exitIdleTime: chosen.exitIdleTime,
    drain: seconds(chosen.drain),
    drainDelay: seconds(chosen.drainDelay),
    control,
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    daemonLog: { kind: 'records', targets: chosen.log },
    syslogFormat: chosen.syslogFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
  });
};
