// One service in a state dump, under xinetd's headings: what was configured, and what there is of it now.
import type { Access, ClientPattern } from '../model/access.ts';
import { showAddress } from '../model/address.ts';
import { parseAddress, showAddressBytes } from '../model/network.ts';
import type { ResolvedService } from '../model/service.ts';
import type { ServiceLog } from '../model/service-log.ts';
import type { Condition, ServiceState } from '../runtime/state.ts';

/** A line, or several; none where there is nothing to say. */
type Lines = readonly string[];

const line = (key: string, value: string | number | undefined): Lines =>
  value === undefined || value === '' ? [] : [`${key} = ${value}`];

const yesNo = (isSo: boolean): 'yes' | 'no' => (isSo ? 'yes' : 'no');

const conditions: Readonly<Record<Condition, string>> = {
  active: 'Active',
  held: 'Active',
  suspended: 'Disabled',
  closed: 'Not started',
};

const flagsOf = ({ addresses, socket, answer, access }: ResolvedService): string => {
  const versions = new Set(addresses.flatMap((each) => (each.kind === 'internet' ? [each.version] : [])));
  return [
    ...(socket.noDelay ? ['NODELAY'] : []),
    ...(socket.keepAlive ? ['KEEPALIVE'] : []),
    ...(answer.kind === 'sensor' ? ['SENSOR'] : []),
    ...(access?.wrapperName === undefined ? ['NOLIBWRAP'] : []),
    ...(versions.has(4) ? ['IPv4'] : []),
    ...(versions.has(6) ? ['IPv6'] : []),
  ].join(' ');
};

const typesOf = ({ answer, rpc, mux }: ResolvedService): string =>
  [
    ...(answer.kind === 'builtin' || answer.kind === 'sensor' ? ['INTERNAL'] : []),
    ...(rpc === undefined ? [] : ['RPC']),
    ...(mux === undefined ? [] : [mux.saysGo ? 'TCPMUXPLUS' : 'TCPMUX']),
  ].join(' ');

const protocols: Readonly<Record<'stream' | 'dgram', string>> = { stream: '(tcp,6)', dgram: '(udp,17)' };

const networkLines = ({ addresses }: ResolvedService): Lines => {
  const [first] = addresses;
  if (first === undefined) return [];
  if (first.kind === 'vsock') return [`socket_type = ${first.socketType}`, `vsock = ${showAddress(first)}`];
  if (first.kind !== 'internet') return [`socket_type = ${first.socketType}`, `path = ${first.path}`];
  return [
    `socket_type = ${first.socketType}`,
    `Protocol (name,number) = ${protocols[first.socketType]}`,
    `port = ${first.port}`,
  ];
};

/** Numbers only: a name would have to be asked for. */
const bindOf = ({ addresses }: ResolvedService): string | undefined => {
  const hosts = addresses.flatMap((each) => (each.kind === 'internet' ? [each.host] : []));
  if (hosts.length === 0) return undefined;
  return hosts.every((host) => host === '::' || host === '0.0.0.0')
    ? 'All addresses.'
    : [...new Set(hosts)].join(' ');
};

const answerLines = ({ answer, targets }: ResolvedService): Lines => {
  switch (answer.kind) {
    case 'program':
      return [`Server = ${answer.file}`, `Server argv = ${answer.arguments.join(' ')}`];
    case 'relay':
      return [
        `Redirect = ${answer.port === '' ? answer.host : `${answer.host}:${answer.port}`}`,
        ...targets.map((target) =>
          target.version === 'unix'
            ? `Redirect path = ${target.path}`
            : `Redirect address = ${target.host},${target.port}`,
        ),
      ];
    case 'sensor':
      return [`Deny Time: ${showDenyTime(answer.denyTime)}`];
    case 'builtin':
      return [];
  }
};

const showDenyTime = (time: number | 'forever' | undefined): string => {
  if (time === undefined) return 'NEVER';
  return time === 'forever' ? 'FOREVER' : `${time / 60_000} minutes`;
};

/** IPv4's masks as xinetd writes them; IPv6's as everybody does. */
const showMask = (version: 4 | 6, prefix: number): string => {
  if (version === 6) return `${prefix}`;
  const bits = prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
};

const showPattern = (pattern: ClientPattern): string => {
  switch (pattern.kind) {
    case 'host':
      return `${pattern.name}(HOST)`;
    case 'domain':
      return `${pattern.suffix}(HOST)`;
    case 'network': {
      const { version, address, prefix } = pattern.network;
      const bytes = parseAddress(address);
      const shown = bytes === undefined ? address : showAddressBytes(bytes);
      return prefix === (version === 4 ? 32 : 128)
        ? `${shown}(NUMERIC)`
        : `${shown}/${showMask(version, prefix)}(NET)`;
    }
  }
};

const showPatterns = (patterns: readonly ClientPattern[]): string =>
  patterns.map((pattern) => ` ${showPattern(pattern)}`).join('');

const showMinute = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');

const accessLines = (access: Access | undefined): Lines => {
  const { onlyFrom, noAccess = [], times = [], maxLoad, wrapperName } = access ?? {};
  const ranges = times.map(({ from, to }) => `${showMinute(from)}-${showMinute(to)}`).join(' ');
  const admitted = onlyFrom?.length === 0 ? ' No sites' : onlyFrom && showPatterns(onlyFrom);
  return [
    ...line('Libwrap', wrapperName),
    ...line('Max load', maxLoad),
    ...line('Access times', ranges),
    `Only from:${admitted ?? ' All sites'}`,
    `No access:${noAccess.length === 0 ? ' No blocked sites' : showPatterns(noAccess)}`,
  ];
};

const logLines = (log: ServiceLog | undefined): Lines => {
  if (log === undefined) return ['No logging'];
  const { destination, onSuccess, onFailure } = log;
  const limits =
    destination.kind === 'file' &&
    (destination.softLimit !== undefined || destination.hardLimit !== undefined)
      ? `(soft limit=${destination.softLimit ?? 'none'}, hard limit=${destination.hardLimit ?? 'none'})`
      : '(no limits)';
  return [
    destination.kind === 'file'
      ? `Logging to file: ${destination.path} ${limits}`
      : `Logging to syslog. Facility = ${destination.facility}, level = ${destination.level}`,
    ...line('Log_on_success flags', onSuccess.map((field) => field.toUpperCase()).join(' ')),
    ...line('Log_on_failure flags', onFailure.map((field) => field.toUpperCase()).join(' ')),
  ];
};

const limitLines = ({ limits }: ResolvedService): Lines => [
  ...line('Instances', limits.instances),
  ...line(
    'CPS',
    limits.rate &&
      `max conn:${(limits.rate.count * 1000) / limits.rate.window} wait:${limits.rate.pause / 1000}`,
  ),
  `PER_SOURCE = ${limits.perSource ?? -1}`,
];

const processLines = ({ process, credentials, mode }: ResolvedService): Lines => [
  `wait = ${yesNo(mode === 'whole-socket')}`,
  ...(credentials === undefined
    ? []
    : [
        `user = ${credentials.uid}`,
        `group = ${credentials.gid}`,
        `Groups = ${yesNo(credentials.groups.length > 0)}`,
      ]),
  ...line('umask', process.umask?.toString(8)),
  ...line('Nice', process.nice),
  ...process.resourceLimits.map(
    ({ resource, soft, hard }) =>
      `rlimit_${resource} = ${soft ?? 'UNLIMITED'}${hard === soft ? '' : ` ${hard ?? 'UNLIMITED'}`}`,
  ),
];

/** Names alone: values may be secrets. */
const environmentLines = ({ surroundings: { passedVariables, environment } }: ResolvedService): Lines => [
  // all of them is what xinetd calls none
  ...line('Passenv', passedVariables.filter((name) => name !== '*').join(' ')),
  ...(environment.length === 0
    ? []
    : ['Environment additions:', ...environment.map(({ name }) => `\t${name}`)]),
];

const configurationLines = (service: ResolvedService): Lines => [
  `id = ${service.id}`,
  ...line('flags', flagsOf(service)),
  ...line('type', typesOf(service)),
  ...networkLines(service),
  ...processLines(service),
  ...limitLines(service),
  ...line('Bind', bindOf(service)),
  ...answerLines(service),
  ...(service.rpc === undefined
    ? []
    : [
        'RPC data',
        `\tprogram number = ${service.rpc.program}`,
        `\trpc_version = ${service.rpc.lowVersion}-${service.rpc.highVersion}`,
      ]),
  ...accessLines(service.access),
  ...logLines(service.serviceLog),
  ...environmentLines(service),
];

/** Its block, without a newline behind it. */
export const dumpService = ({ service, condition, listeners, live }: ServiceState): string => {
  const isLent = listeners.some(({ owner }) => owner !== undefined);
  const state = condition === 'active' && isLent ? 'Suspended' : conditions[condition];
  const descriptors = listeners.flatMap(({ descriptor }) => (descriptor === undefined ? [] : [descriptor]));
  const running: Lines =
    condition === 'closed'
      ? []
      : [
          `running servers = ${live}`,
          ...(condition === 'held' ? ['waiting for a server to end = yes'] : []),
          ...line('service fd', descriptors.join(' ')),
        ];
  return [
    `Service = ${service.name}`,
    `\tState = ${state}`,
    `\tService configuration: ${service.name}`,
    ...configurationLines(service).map((each) => `\t\t${each}`),
    ...running.map((each) => `\t${each}`),
  ].join('\n');
};
