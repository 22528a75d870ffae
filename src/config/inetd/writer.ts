// Service -> a definition of the native language that reads back as the same service.
import type { Endpoint, InternetEndpoint, UnixEndpoint } from '../../model/address.ts';
import type { Limits } from '../../model/limits.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { ResourceLimit, Service, SocketSettings } from '../../model/service.ts';
import { defaultLoadOptions } from '../options.ts';
import { builtinOf } from './answer.ts';
import { meanings } from './dialect.ts';
import { completeLimits } from './limits.ts';
import { muxNameOf } from './name.ts';
import { serviceId } from './service-id.ts';
import { defaultSocket, defaultSurroundings } from './surroundings.ts';

type Line = readonly [key: string, ...values: readonly string[]];

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

/** Whatever could mean something else unquoted goes into quotes, control characters as escapes. */
export const quote = (value: string): string => {
  if (/^[A-Za-z0-9_./:@%+*-]+$/.test(value)) return value;
  const escaped = value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    /[\\"\u0000-\u001f\u007f]/g,
    (character) => escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
};

/** The first word has no escapes: parts with `"` go into `'`. */
const quoteName = (name: string, mustQuote: boolean): string => {
  if (!mustQuote && /^[A-Za-z0-9_/@+][A-Za-z0-9_./@+-]*$/.test(name)) return name;
  return name === ''
    ? '""'
    : name.replace(/[^"]+|"+/g, (part) => (part.startsWith('"') ? `'${part}'` : `"${part}"`));
};

const families = { both: '', v4: '4', v6: '6', dual: '46' } as const;

const protocolOf = (endpoint: InternetEndpoint): string =>
  `${endpoint.socketType === 'stream' ? 'tcp' : 'udp'}${families[endpoint.family]}`;

const octal = (mode: number): string => `0${mode.toString(8)}`;

const showHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** One endpoint as a value of `listen`. */
const listenWord = (endpoint: Endpoint): string => {
  if (endpoint.kind === 'internet') {
    return `${protocolOf(endpoint)}:${showHost(endpoint.host)}:${endpoint.port}`;
  }
  const owner = endpoint.owner === undefined ? '' : `,owner=${endpoint.owner}`;
  const group = endpoint.group === undefined ? '' : `,group=${endpoint.group}`;
  return `unix-${endpoint.socketType},mode=${octal(endpoint.mode)}${owner}${group}:${endpoint.path}`;
};

const unixLines = (endpoint: UnixEndpoint): readonly Line[] => [
  ['protocol', 'unix'],
  ...(endpoint.socketType === 'stream' ? [] : [['socktype', endpoint.socketType] as const]),
  ['path', endpoint.path],
  ...(endpoint.mode === meanings.acceptd.unixMode ? [] : [['socket_mode', octal(endpoint.mode)] as const]),
  ...optional('socket_user', endpoint.owner),
  ...optional('socket_group', endpoint.group),
];

const optional = (key: string, value: string | number | undefined): readonly Line[] =>
  value === undefined ? [] : [[key, String(value)]];

const isInternet = (endpoint: Endpoint): endpoint is InternetEndpoint => endpoint.kind === 'internet';

/** Where the service listens, and the protocol word its id would show. */
const endpointLines = (service: Service): { readonly lines: readonly Line[]; readonly protocol: string } => {
  const { endpoints, rpc } = service;
  const [first] = endpoints;
  const rpcLines: readonly Line[] =
    rpc === undefined ? [] : [['rpc', `${rpc.program}/${rpc.lowVersion}-${rpc.highVersion}`]];
  if (first === undefined) return { lines: [], protocol: 'tcp' };
  if (first.kind === 'unix' && endpoints.length === 1) {
    return { lines: [...unixLines(first), ...rpcLines], protocol: 'unix' };
  }
  const internet = endpoints.filter(isInternet);
  const [model] = internet;
  const isUniform =
    model !== undefined &&
    internet.length === endpoints.length &&
    internet.every(
      ({ socketType, family, port }) =>
        socketType === model.socketType && family === model.family && port === model.port,
    );
  if (!isUniform || (rpc === undefined ? model.port === '0' : model.port !== '0')) {
    const protocol = first.kind === 'unix' ? 'unix' : first.socketType === 'stream' ? 'tcp' : 'udp';
    return { lines: [['listen', ...endpoints.map(listenWord)], ...rpcLines], protocol };
  }
  const protocol = protocolOf(model);
  const hosts = internet.map(({ host }) => host);
  const lines: readonly Line[] = [
    ...(protocol === 'tcp' && !/^[/@]/.test(service.name) ? [] : [['protocol', protocol] as const]),
    ...(hosts.length === 1 && hosts[0] === '*' ? [] : [['bind', ...hosts] as const]),
    ...(rpc !== undefined || model.port === service.name ? [] : [['port', model.port] as const]),
    ...rpcLines,
  ];
  return { lines, protocol };
};

const answerLines = (service: Service): readonly Line[] => {
  const { answer } = service;
  if (answer.kind === 'builtin') {
    return builtinOf(service.name) === answer.builtin ? [] : [['internal', answer.builtin]];
  }
  // no line says yet what else there is
  if (answer.kind !== 'program') return [];
  return [
    ['exec', answer.file],
    ['args', ...answer.arguments],
  ];
};

const span = (duration: Milliseconds): string =>
  duration % 1000 === 0 ? `${duration / 1000}s` : `${duration}ms`;

const limitLines = (service: Service): readonly Line[] => {
  const { limits } = service;
  const standard: Limits = completeLimits({}, service.mode, meanings.acceptd, defaultLoadOptions, true);
  const { rate, perSourceRate, sourcePrefix } = limits;
  const hasPrefix =
    sourcePrefix.v4 !== standard.sourcePrefix.v4 || sourcePrefix.v6 !== standard.sourcePrefix.v6;
  return [
    ...(limits.instances === standard.instances
      ? []
      : [['instances', String(limits.instances ?? 0)] as const]),
    ...optional('per_source', limits.perSource),
    ...(perSourceRate === undefined
      ? []
      : [['per_source_rate', `${perSourceRate.count}/${span(perSourceRate.window)}`] as const]),
    ...(hasPrefix ? [['source_prefix', String(sourcePrefix.v4), String(sourcePrefix.v6)] as const] : []),
    ...(rate === undefined
      ? []
      : [['rate', `${rate.count}/${span(rate.window)}`, span(rate.pause)] as const]),
    ...(limits.onLimit === standard.onLimit ? [] : [['on_limit', limits.onLimit] as const]),
  ];
};

const resourceValue = ({ soft, hard }: ResourceLimit): string => {
  const first = soft === undefined ? 'unlimited' : String(soft);
  return soft === hard ? first : `${first}:${hard === undefined ? 'unlimited' : hard}`;
};

const processLines = (service: Service): readonly Line[] => {
  const { hasSession, nice, umask, workingDirectory, rootDirectory, resourceLimits } = service.process;
  return [
    ...(hasSession ? [] : [['session', 'no'] as const]),
    ...optional('nice', nice),
    ...optional('umask', umask === undefined ? undefined : octal(umask)),
    ...optional('chdir', workingDirectory),
    ...optional('chroot', rootDirectory),
    ...resourceLimits.map((limit): Line => [`rlimit_${limit.resource}`, resourceValue(limit)]),
  ];
};

const surroundingsLines = (service: Service): readonly Line[] => {
  const { surroundings } = service;
  const standard = defaultSurroundings(meanings.acceptd, service.mode, defaultLoadOptions);
  const onOff = (key: string, value: boolean, normal: boolean): readonly Line[] =>
    value === normal ? [] : [[key, value ? 'yes' : 'no']];
  return [
    ...(surroundings.stderr === standard.stderr ? [] : [['stderr', surroundings.stderr] as const]),
    ...onOff('fd3', surroundings.hasFd3, standard.hasFd3),
    ...onOff('address_variables', surroundings.hasAddressVariables, standard.hasAddressVariables),
    ...surroundings.environment.map(({ name, value }): Line => ['env', `${name}=${value}`]),
    ...(surroundings.passedVariables.length === 0
      ? []
      : [['passenv', ...surroundings.passedVariables] as const]),
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

const socketLines = (service: Service): readonly Line[] => {
  const standard = defaultSocket(defaultLoadOptions);
  return socketKeys.flatMap(([key, field]): readonly Line[] => {
    const value = service.socket[field];
    if (value === standard[field] || value === undefined) return [];
    return [[key, value === true ? 'yes' : String(value)]];
  });
};

const credentialLines = (service: Service): readonly Line[] => {
  const { user, group, supplementaryGroups } = service.credentials;
  return [
    ...optional('user', user),
    ...optional('group', group),
    ...(supplementaryGroups === undefined ? [] : [['groups', ...supplementaryGroups] as const]),
  ];
};

/** A name that the language would take apart, or that belongs to an entry of another kind. */
const needsQuotes = (service: Service): boolean => /[:,]/.test(service.name) || service.name.startsWith('.');

/**
 * One service as text. Everything that differs from the native defaults is written; origin and dialect are not
 * part of what a service is.
 */
export const writeService = (service: Service): string => {
  const { lines, protocol } = endpointLines(service);
  const derived = serviceId(service.name, protocol, service.endpoints, muxNameOf(service.name));
  const all: readonly Line[] = [
    ...(service.id === derived ? [] : [['id', service.id] as const]),
    ...lines,
    ...(service.mode === 'whole-socket' ? [['wait', 'yes'] as const] : []),
    ...credentialLines(service),
    ...answerLines(service),
    ...limitLines(service),
    ...processLines(service),
    ...surroundingsLines(service),
    ...socketLines(service),
  ];
  const width = Math.max(0, ...all.map(([key]) => key.length));
  const text = all.map(([key, ...values]) =>
    `    ${key.padEnd(width)} = ${values.map(quote).join(' ')}`.trimEnd(),
  );
  return [`${quoteName(service.name, needsQuotes(service))} on`, ...text, ';', ''].join('\n');
};

/** Services as a file of the native language. */
export const writeConfiguration = (services: readonly Service[]): string =>
  services.map(writeService).join('\n');
