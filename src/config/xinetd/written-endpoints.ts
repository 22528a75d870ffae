// Where a service listens, in the attributes of xinetd.conf: an entry for each address.
import { isIPv4, isIPv6 } from 'node:net';
import type { InternetEndpoint } from '../../model/address.ts';
import { parseCount } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { normalEndpoints, type PortNumber, takesMapped } from '../normal-form.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

/** One entry of several that may be needed. */
export type Place = {
  readonly name: string;
  readonly types: readonly string[];
  readonly flags: readonly string[];
  readonly lines: readonly Line[];
};

const isHost = (host: string): boolean =>
  host === '*' || isIPv4(host) || isIPv6(host) || /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/i.test(host);

/** A name that stands after `service`. */
const isEntryName = (name: string): boolean => isWord(name) && !/[{}]/.test(name);

const noPortNumber: PortNumber = () => undefined;

/** Both versions stay one entry where xinetd.conf has a word for that: it is the usual thing there. */
const splitEndpoint = (endpoint: InternetEndpoint, service: Service): readonly InternetEndpoint[] => {
  const isBoth = endpoint.family === 'both' && !isIPv4(endpoint.host) && !isIPv6(endpoint.host);
  if (isBoth && (service.mode === 'per-connection' || endpoint.host !== '*')) return [endpoint];
  return normalEndpoints(endpoint, noPortNumber).flatMap((each) => (each.kind === 'internet' ? [each] : []));
};

const familyOf = (
  { host, family }: InternetEndpoint,
  { mode }: Service,
  report: LossReport,
): Pick<Place, 'flags' | 'lines'> => {
  const bind: readonly Line[] = host === '*' ? [] : [['bind', host]];
  if (isIPv4(host)) return { flags: [], lines: bind };
  if (isIPv6(host)) {
    return {
      flags: [],
      lines: [...bind, ...lineIf(takesMapped(host) && family === 'v6', 'v6only', 'yes')],
    };
  }
  switch (family) {
    case 'v4':
      return { flags: ['IPv4'], lines: bind };
    case 'v6':
      return { flags: ['IPv6'], lines: [...bind, ['v6only', 'yes']] };
    case 'both':
      return { flags: [], lines: bind };
    case 'dual':
      if (host !== '*') {
        report.lose('endpoints', `xinetd listens on one version at ${host}`, 'write a service for the other');
      }
      return { flags: mode === 'whole-socket' && host === '*' ? [] : ['IPv6'], lines: bind };
  }
};

const portOf = (
  endpoint: InternetEndpoint,
  service: Service,
  builtin: string | undefined,
  portNumber: PortNumber,
): Pick<Place, 'name' | 'types' | 'lines'> | undefined => {
  const protocol = endpoint.socketType === 'stream' ? 'tcp' : 'udp';
  const isNumber = parseCount(endpoint.port) !== undefined;
  if (!isNumber && isEntryName(endpoint.port) && (builtin ?? endpoint.port) === endpoint.port) {
    return { name: endpoint.port, types: [], lines: [] };
  }
  const port = isNumber ? endpoint.port : portNumber(endpoint.port, protocol);
  const name = builtin ?? (isEntryName(service.name) ? service.name : `${protocol}-${port}`);
  return port === undefined ? undefined : { name, types: ['UNLISTED'], lines: [['port', String(port)]] };
};

const rpcOf = (
  endpoint: InternetEndpoint,
  { name, rpc }: Service,
): Pick<Place, 'name' | 'types' | 'lines'> => {
  const isNumber = rpc === undefined || parseCount(rpc.program) !== undefined;
  const versions = rpc === undefined ? '' : `${rpc.lowVersion}-${rpc.highVersion}`;
  return {
    name: isNumber ? (isEntryName(name) ? name : `rpc-${rpc?.program}`) : rpc.program,
    types: ['RPC', ...(isNumber ? ['UNLISTED'] : [])],
    lines: [
      ['rpc_version', versions],
      ...lineIf(isNumber, 'rpc_number', rpc?.program ?? ''),
      ...lineIf(endpoint.port !== '0', 'port', endpoint.port),
    ],
  };
};

const socketLines = (endpoint: InternetEndpoint): readonly Line[] => [
  ['socket_type', endpoint.socketType],
  ['protocol', endpoint.socketType === 'stream' ? 'tcp' : 'udp'],
];

/** undefined: xinetd cannot listen so, which is reported. */
export const writePlaces = (
  service: Service,
  builtin: string | undefined,
  portNumber: PortNumber,
  report: LossReport,
): readonly Place[] | undefined => {
  const { mux } = service;
  if (mux !== undefined) {
    const type = mux.saysGo ? 'TCPMUXPLUS' : 'TCPMUX';
    const lines: readonly Line[] = [
      ['socket_type', 'stream'],
      ['protocol', 'tcp'],
    ];
    return [{ name: mux.name, types: [type, 'UNLISTED'], flags: [], lines }];
  }
  const places: Place[] = [];
  for (const endpoint of service.endpoints) {
    if (endpoint.kind !== 'internet') {
      const place = endpoint.kind === 'vsock' ? 'sockets of virtual machines' : endpoint.path;
      report.lose('', `xinetd does not listen on ${place}`, 'leave it to acceptd');
      return undefined;
    }
    if (!isHost(endpoint.host)) {
      report.lose('', `xinetd cannot bind '${endpoint.host}'`, 'write a numeric address');
      return undefined;
    }
    for (const each of splitEndpoint(endpoint, service)) {
      const port =
        service.rpc === undefined ? portOf(each, service, builtin, portNumber) : rpcOf(each, service);
      if (port === undefined) {
        report.lose('', `'${each.port}' has no port that could be written`, 'add it to /etc/services');
        return undefined;
      }
      const family = familyOf(each, service, report);
      places.push({
        name: port.name,
        types: port.types,
        flags: family.flags,
        lines: [...socketLines(each), ...port.lines, ...family.lines],
      });
    }
  }
  return places;
};
