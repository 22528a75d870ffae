// Whom a handler runs as, what its process is, what it finds and how its socket is set, as lines of a definition.
import type { ResourceLimit, Service, SocketSettings, Stream } from '../../model/service.ts';
import { defaultLoadOptions } from '../options.ts';
import { meanings } from './dialect.ts';
import { defaultSocket, defaultSurroundings } from './surroundings.ts';
import { type Line, lineIf, octal, optional } from './written-line.ts';
import { rightsLines } from './written-rights.ts';

export const credentialLines = (service: Service): readonly Line[] => {
  const { user, group, supplementaryGroups } = service.credentials;
  return [
    ...optional('user', user),
    ...optional('group', group),
    ...(supplementaryGroups === undefined ? [] : [['groups', ...supplementaryGroups] as const]),
  ];
};

const resourceValue = ({ soft, hard }: ResourceLimit): string => {
  const first = soft === undefined ? 'unlimited' : String(soft);
  return soft === hard ? first : `${first}:${hard === undefined ? 'unlimited' : hard}`;
};

export const processLines = (service: Service): readonly Line[] => {
  const { hasSession, nice, umask, workingDirectory, rootDirectory, resourceLimits } = service.process;
  return [
    ...lineIf(!hasSession, 'session', 'no'),
    ...optional('nice', nice),
    ...optional('umask', umask === undefined ? undefined : octal(umask)),
    ...optional('chdir', workingDirectory),
    ...optional('chroot', rootDirectory),
    ...resourceLimits.map((limit): Line => [`rlimit_${limit.resource}`, resourceValue(limit)]),
    ...rightsLines(service.process),
    ...lineIf(service.process.ignoresPipe, 'ignore_pipe', 'yes'),
  ];
};

const streamLine = (key: string, stream: Stream, normal: Stream): readonly Line[] =>
  typeof stream === 'string' ? lineIf(stream !== normal, key, stream) : [[key, stream.how, stream.path]];

export const surroundingsLines = (service: Service): readonly Line[] => {
  const { surroundings } = service;
  const standard = defaultSurroundings(meanings.acceptd, service.mode, defaultLoadOptions, service.daemon);
  const onOff = (key: string, value: boolean, normal: boolean): readonly Line[] =>
    lineIf(value !== normal, key, value ? 'yes' : 'no');
  return [
    ...streamLine('stdin', surroundings.stdin, standard.stdin),
    ...streamLine('stdout', surroundings.stdout, standard.stdout),
    ...streamLine('stderr', surroundings.stderr, standard.stderr),
    ...optional('fdname', surroundings.descriptorName),
    ...onOff('fd3', surroundings.hasFd3, standard.hasFd3),
    ...onOff('address_variables', surroundings.hasAddressVariables, standard.hasAddressVariables),
    ...onOff('unit_variables', surroundings.hasUnitVariables, standard.hasUnitVariables),
    ...onOff('show_mapped', surroundings.showsMapped, standard.showsMapped),
    ...surroundings.environment.map(({ name, value }): Line => ['env', `${name}=${value}`]),
    ...lineIf(surroundings.passedVariables.length > 0, 'passenv', ...surroundings.passedVariables),
  ];
};

const socketKeys: readonly (readonly [string, keyof SocketSettings])[] = [
  ['backlog', 'backlog'],
  ['sndbuf', 'sendBuffer'],
  ['rcvbuf', 'receiveBuffer'],
  ['keepalive', 'keepAlive'],
  ['nodelay', 'noDelay'],
  ['defer_accept', 'deferAccept'],
  ['fastopen', 'fastOpen'],
  ['freebind', 'freeBind'],
  ['transparent', 'transparent'],
  ['bind_device', 'bindDevice'],
  ['mark', 'mark'],
  ['priority', 'priority'],
  ['tos', 'typeOfService'],
  ['ttl', 'timeToLive'],
  ['debug', 'debug'],
  ['keepalive_time', 'keepAliveTime'],
  ['keepalive_interval', 'keepAliveInterval'],
  ['keepalive_probes', 'keepAliveProbes'],
  ['force_buffers', 'forcesBuffers'],
  ['congestion', 'congestion'],
  ['transport', 'protocol'],
  ['broadcast', 'broadcast'],
  ['reuse_port', 'reusePort'],
  ['pass_credentials', 'passesCredentials'],
  ['pass_packet_info', 'passesPacketInfo'],
  ['pipe_size', 'pipeSize'],
];

export const socketLines = (service: Service): readonly Line[] => {
  const standard = defaultSocket(defaultLoadOptions);
  const { directoryMode, symlinks } = service.socket;
  const lines = socketKeys.flatMap(([key, field]): readonly Line[] => {
    const value = service.socket[field];
    if (value === standard[field] || value === undefined) return [];
    return [[key, value === true ? 'yes' : String(value)]];
  });
  return [
    ...lines,
    ...lineIf(directoryMode !== standard.directoryMode, 'directory_mode', octal(directoryMode)),
    ...lineIf(symlinks.length > 0, 'symlinks', ...symlinks),
  ];
};
