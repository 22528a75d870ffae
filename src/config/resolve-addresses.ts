// Endpoints -> addresses that bind(2) takes.
import { isIPv4, isIPv6 } from 'node:net';
import type {
  Endpoint,
  FifoEndpoint,
  InternetAddress,
  InternetEndpoint,
  ListenAddress,
  UnixEndpoint,
} from '../model/address.ts';
import { parseCount } from '../model/quantity.ts';
import type { Language, ResolvedRpc, Service } from '../model/service.ts';
import type { Lookups } from './lookups.ts';
import type { LocatedService, Mark } from './source.ts';

/** Says what is wrong at a mark and gives undefined. */
export type Complain = (mark: Mark, message: string, advice: string) => undefined;

type Found = { readonly host: string; readonly version: 4 | 6 };

const wildcards: Readonly<Record<InternetEndpoint['family'], readonly Found[]>> = {
  v4: [{ host: '0.0.0.0', version: 4 }],
  v6: [{ host: '::', version: 6 }],
  dual: [{ host: '::', version: 6 }],
  both: [
    { host: '0.0.0.0', version: 4 },
    { host: '::', version: 6 },
  ],
};

const findHosts = async (
  endpoint: InternetEndpoint,
  mark: Mark,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly Found[] | undefined> => {
  const { host, family } = endpoint;
  if (host === '*') return wildcards[family];
  if (isIPv4(host)) {
    if (family !== 'v6') return [{ host, version: 4 }];
    const word = endpoint.socketType === 'stream' ? 'tcp4' : 'udp4';
    return complain(mark, `${host} is an IPv4 address, but the protocol is IPv6`, `write ${word}`);
  }
  if (isIPv6(host)) {
    if (family !== 'v4') return [{ host, version: 6 }];
    const word = endpoint.socketType === 'stream' ? 'tcp6' : 'udp6';
    return complain(mark, `${host} is an IPv6 address, but the protocol is IPv4`, `write ${word}`);
  }
  const found = await lookups.hosts(host, family);
  if (found.length > 0) return found;
  return complain(mark, `the host '${host}' has no address`, 'check its name, or write a numeric address');
};

const findPort = async (
  endpoint: InternetEndpoint,
  mark: Mark,
  dialect: Language,
  lookups: Lookups,
  complain: Complain,
): Promise<number | undefined> => {
  const number = parseCount(endpoint.port);
  if (number !== undefined) return number;
  const protocol = endpoint.socketType === 'stream' ? 'tcp' : 'udp';
  const port = await lookups.port(endpoint.port, protocol);
  if (port !== undefined) return port;
  return complain(
    mark,
    `the service '${endpoint.port}' has no port for ${protocol}`,
    dialect === 'xinetd'
      ? 'write port = NUMBER and type = UNLISTED, or add it to /etc/services'
      : 'write the number, or add it to /etc/services',
  );
};

const resolveInternet = async (
  endpoint: InternetEndpoint,
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly InternetAddress[]> => {
  const { marks, service } = located;
  const hosts = await findHosts(endpoint, marks.host ?? marks.service, lookups, complain);
  const portMark = marks.port ?? marks.service;
  const port = await findPort(endpoint, portMark, service.dialect, lookups, complain);
  if (hosts === undefined || port === undefined) return [];
  const hasIpv4 = hosts.some(({ version }) => version === 4);
  return hosts.map(({ host, version }) => ({
    kind: 'internet',
    socketType: endpoint.socketType,
    version,
    host,
    port,
    takesMapped: version === 6 && endpoint.family === 'dual',
    isOptional: version === 6 && endpoint.family === 'both' && hasIpv4,
    ...ownOf(endpoint),
  }));
};

/** An endpoint without settings of its own is an address without them: no field that says so. */
const ownOf = ({ own }: Endpoint): Pick<Endpoint, 'own'> => (own === undefined ? {} : { own });

/** A name or a number; undefined where nothing was written, or nothing was found and that was said. */
const findId = async (
  name: string | undefined,
  mark: Mark,
  kind: 'user' | 'group',
  lookups: Lookups,
  complain: Complain,
): Promise<number | undefined> => {
  if (name === undefined) return undefined;
  const found = kind === 'user' ? (await lookups.account(name))?.uid : await lookups.group(name);
  return (
    found ??
    parseCount(name) ??
    complain(mark, `there is no ${kind} '${name}'`, 'write one that exists, or a number')
  );
};

const resolveFile = async (
  endpoint: UnixEndpoint | FifoEndpoint,
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ListenAddress[]> => {
  const { marks, service } = located;
  const { owner, group, path, mode } = endpoint;
  const ownerId = await findId(owner, marks.socketUser ?? marks.service, 'user', lookups, complain);
  const groupId =
    group === undefined && owner !== undefined && service.dialect === 'systemd'
      ? // SocketUser= alone gives the file to the user's own group, too
        (await lookups.account(owner))?.gid
      : await findId(group, marks.socketGroup ?? marks.service, 'group', lookups, complain);
  const file = { path, ownerId, groupId, mode, ...ownOf(endpoint) };
  return endpoint.kind === 'fifo'
    ? [{ kind: 'fifo', socketType: 'fifo', ...file }]
    : [{ kind: 'unix', socketType: endpoint.socketType, ...file }];
};

const resolveEndpoint = (
  endpoint: Endpoint,
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ListenAddress[]> => {
  switch (endpoint.kind) {
    case 'vsock':
      return Promise.resolve([endpoint]);
    case 'internet':
      return resolveInternet(endpoint, located, lookups, complain);
    case 'fifo':
      if (located.service.mode === 'per-connection') {
        const mark = located.marks.service;
        complain(mark, `nobody is accepted from the FIFO ${endpoint.path}`, 'write wait = yes, or Accept=no');
        return Promise.resolve([]);
      }
      return resolveFile(endpoint, located, lookups, complain);
    case 'unix':
      return resolveFile(endpoint, located, lookups, complain);
  }
};

/** All addresses of a service; `both` is one of each version. */
export const resolveAddresses = async (
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ListenAddress[]> => {
  const addresses: ListenAddress[] = [];
  for (const endpoint of located.service.endpoints) {
    addresses.push(...(await resolveEndpoint(endpoint, located, lookups, complain)));
  }
  return addresses;
};

export const resolveRpc = async (
  rpc: Service['rpc'],
  mark: Mark,
  lookups: Lookups,
  complain: Complain,
): Promise<ResolvedRpc | undefined> => {
  if (rpc === undefined) return undefined;
  const program = parseCount(rpc.program) ?? (await lookups.rpcProgram(rpc.program));
  if (program !== undefined) {
    return { program, lowVersion: rpc.lowVersion, highVersion: rpc.highVersion };
  }
  return complain(
    mark,
    `there is no rpc program '${rpc.program}'`,
    'write the number, or add it to /etc/rpc',
  );
};
