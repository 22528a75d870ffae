// The keys about the handler's process, what it finds, and the options of its socket.

import type { Daemon } from '../../model/daemon.ts';
import type { Bytes } from '../../model/quantity.ts';
import { parseBytes } from '../../model/quantity.ts';
import {
  type Mode,
  type ProcessSettings,
  plainProcess,
  type ResourceLimit,
  resourceNames,
  type SocketSettings,
  type Surroundings,
} from '../../model/service.ts';
import { plainSocket } from '../../model/socket-settings.ts';
import type { Report, Token } from '../source.ts';
import { readAcceptFilter } from './accept-filter.ts';
import { readPrivilegeKeys, readSchedulingKeys } from './definition-rights.ts';
import { readStream } from './definition-streams.ts';
import { type Keys, readChoice, readNumberValue, readSwitch } from './keys.ts';
import { readMode } from './name.ts';
import { readBufferSize } from './protocol.ts';
import type { Scope } from './scope.ts';
import { defaultProcess, defaultSocket, defaultSurroundings } from './surroundings.ts';

const readNice = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^[+-]?[0-9]{1,2}$/.test(value.text) ? Number(value.text) : Number.NaN;
  // The sum turns -0 into 0.
  if (number >= -20 && number <= 19) return number + 0;
  return report.error(value, `'${value.text}' is no nice value`, 'write -20 to 19');
};

/** `~` is the user's home; after `-` it need not be there. */
const readWorkingDirectory = (value: Token | undefined, report: Report): string | undefined =>
  value !== undefined && /^-?(?:~$|\/)/.test(value.text) ? value.text : readDirectory(value, report);

const readDirectory = (value: Token | undefined, report: Report): string | undefined => {
  if (value === undefined) return undefined;
  if (value.text.startsWith('/')) return value.text;
  return report.error(value, `'${value.text}' is no absolute path`, 'write one that begins with /');
};

/** A side of a resource limit; `unlimited` is undefined. */
const resourceNumber = (text: string): { readonly value: number | undefined } | undefined => {
  if (text === 'unlimited') return { value: undefined };
  const value = parseBytes(text);
  return value === undefined ? undefined : { value };
};

const readResourceLimits = (keys: Keys, report: Report): readonly ResourceLimit[] =>
  resourceNames.flatMap((resource) => {
    const value = keys.one(`rlimit_${resource}`);
    if (value === undefined) return [];
    const [softText = '', hardText = softText, ...others] = value.text.split(':');
    const soft = resourceNumber(softText);
    const hard = resourceNumber(hardText);
    if (soft === undefined || hard === undefined || others.length > 0) {
      report.error(value, `'${value.text}' is no resource limit`, 'write NUMBER, SOFT:HARD or unlimited');
      return [];
    }
    if (hard.value !== undefined && (soft.value === undefined || soft.value > hard.value)) {
      report.error(value, `the soft limit is above the hard one in '${value.text}'`, 'write SOFT:HARD');
      return [];
    }
    return [{ resource, soft: soft.value, hard: hard.value }];
  });

export const readProcessKeys = (keys: Keys, scope: Scope, report: Report): ProcessSettings => {
  const umask = keys.one('umask');
  return {
    ...plainProcess,
    hasSession: readSwitch(keys.one('session'), report) ?? defaultProcess(scope.meaning).hasSession,
    nice: readNice(keys.one('nice'), report),
    umask: umask === undefined ? defaultProcess(scope.meaning).umask : readMode(umask, report),
    workingDirectory: readWorkingDirectory(keys.one('chdir'), report),
    rootDirectory: readDirectory(keys.one('chroot'), report),
    resourceLimits: readResourceLimits(keys, report),
    privileges: readPrivilegeKeys(keys, report),
    scheduling: readSchedulingKeys(keys, report),
    ignoresPipe: readSwitch(keys.one('ignore_pipe'), report) ?? false,
  };
};

const readEnvironment = (keys: Keys, report: Report): Surroundings['environment'] =>
  (keys.all('env') ?? []).flatMap((token) => {
    const equals = token.text.indexOf('=');
    if (equals < 1) {
      report.error(token, `'${token.text}' sets no variable`, 'write NAME=VALUE');
      return [];
    }
    return [{ name: token.text.slice(0, equals), value: token.text.slice(equals + 1) }];
  });

const readPassed = (keys: Keys, report: Report): readonly string[] | undefined =>
  keys.all('passenv')?.flatMap((token) => {
    if (token.text !== '' && !token.text.includes('=')) return [token.text];
    report.error(token, `'${token.text}' is no name of a variable`, 'write NAME, or * for all');
    return [];
  });

export const readSurroundingsKeys = (
  keys: Keys,
  mode: Mode,
  daemon: Daemon | undefined,
  scope: Scope,
  report: Report,
): Surroundings => {
  const standard = defaultSurroundings(scope.meaning, mode, scope.options, daemon);
  return {
    ...standard,
    stdin: readStream('stdin', keys, report) ?? standard.stdin,
    stdout: readStream('stdout', keys, report) ?? standard.stdout,
    stderr: readStream('stderr', keys, report) ?? standard.stderr,
    descriptorName: daemon === undefined ? keys.one('fdname')?.text : undefined,
    hasUnitVariables: readSwitch(keys.one('unit_variables'), report) ?? standard.hasUnitVariables,
    hasFd3: readSwitch(keys.one('fd3'), report) ?? standard.hasFd3,
    hasAddressVariables: readSwitch(keys.one('address_variables'), report) ?? standard.hasAddressVariables,
    environment: readEnvironment(keys, report),
    passedVariables: readPassed(keys, report) ?? standard.passedVariables,
    showsMapped: readSwitch(keys.one('show_mapped'), report) ?? standard.showsMapped,
  };
};

const readSize = (value: Token | undefined, report: Report): Bytes | undefined =>
  value === undefined ? undefined : readBufferSize(value, report);

const readFilterKey = (keys: Keys, report: Report): number | undefined => {
  const filter = keys.one('acceptfilter');
  return filter === undefined ? undefined : readAcceptFilter(filter, report);
};

export const readSocketKeys = (keys: Keys, scope: Scope, report: Report): SocketSettings => {
  const number = (key: string, least: number, most: number): number | undefined =>
    readNumberValue(keys.one(key), least, most, report);
  const isOn = (key: string): boolean => readSwitch(keys.one(key), report) ?? false;
  const receive = keys.place('recvbuf') === undefined ? 'rcvbuf' : 'recvbuf';
  const twice = keys.place('recvbuf') === undefined ? undefined : keys.place('rcvbuf');
  const directoryMode = keys.one('directory_mode');
  if (twice !== undefined) report.error(twice, "'rcvbuf' and 'recvbuf' are one key", 'keep one of them');
  return {
    ...plainSocket,
    backlog: number('backlog', 1, 0x7fffffff) ?? defaultSocket(scope.options).backlog,
    sendBuffer: readSize(keys.one('sndbuf'), report),
    receiveBuffer: readSize(keys.one(receive), report),
    keepAlive: isOn('keepalive'),
    noDelay: isOn('nodelay'),
    deferAccept: number('defer_accept', 1, 0x7fffffff) ?? readFilterKey(keys, report),
    fastOpen: number('fastopen', 1, 0x7fffffff),
    freeBind: isOn('freebind'),
    transparent: isOn('transparent'),
    bindDevice: keys.one('bind_device')?.text,
    mark: number('mark', 0, 0xffffffff),
    priority: number('priority', 0, 0x7fffffff),
    typeOfService: number('tos', 0, 255),
    timeToLive: number('ttl', 1, 255),
    debug: isOn('debug'),
    keepAliveTime: number('keepalive_time', 1, 0x7fff),
    keepAliveInterval: number('keepalive_interval', 1, 0x7fff),
    keepAliveProbes: number('keepalive_probes', 1, 127),
    forcesBuffers: isOn('force_buffers'),
    congestion: keys.one('congestion')?.text,
    protocol: readChoice(keys.one('transport'), ['mptcp', 'sctp', 'udplite'], report),
    broadcast: isOn('broadcast'),
    reusePort: isOn('reuse_port'),
    passesCredentials: isOn('pass_credentials'),
    passesPacketInfo: isOn('pass_packet_info'),
    pipeSize: readSize(keys.one('pipe_size'), report),
    directoryMode:
      directoryMode === undefined ? plainSocket.directoryMode : (readMode(directoryMode, report) ?? 0),
    symlinks: (keys.all('symlinks') ?? []).map(({ text }) => text),
  };
};
