// Whom a handler runs as, what its process is, what it finds and how its socket is set, as lines of a definition.
import type { ResourceLimit, Service, SocketSettings, Stream } from '../../model/service.ts';
import { defaultLoadOptions } from '../options.ts';
import { meanings } from './dialect.ts';
import { defaultSocket, defaultSurroundings } from './surroundings.ts';
import { type Line, lineIf, octal, optional } from './written-line.ts';

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
  ];
};

const streamLine = (key: string, stream: Stream, normal: Stream): readonly Line[] =>
  typeof stream === 'string' ? lineIf(stream !== normal, key, stream) : [];

export const surroundingsLines = (service: Service): readonly Line[] => {
  const { surroundings } = service;
  const standard = defaultSurroundings(meanings.acceptd, service.mode, defaultLoadOptions);
  const onOff = (key: string, value: boolean, normal: boolean): readonly Line[] =>
    lineIf(value !== normal, key, value ? 'yes' : 'no');
  return [
    ...streamLine('stderr', surroundings.stderr, standard.stderr),
    ...onOff('fd3', surroundings.hasFd3, standard.hasFd3),
    ...onOff('address_variables', surroundings.hasAddressVariables, standard.hasAddressVariables),
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
];

export const socketLines = (service: Service): readonly Line[] => {
  const standard = defaultSocket(defaultLoadOptions);
  return socketKeys.flatMap(([key, field]): readonly Line[] => {
    const value = service.socket[field];
    if (value === standard[field] || value === undefined) return [];
    return [[key, value === true ? 'yes' : String(value)]];
  });
};
