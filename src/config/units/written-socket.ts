// Where a service listens and how its sockets are set, as directives of a socket unit.
import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint, FifoEndpoint, InternetEndpoint, UnixEndpoint } from '../../model/address.ts';
import { parseCount } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import { plainSocket, type SocketSettings } from '../../model/socket-settings.ts';
import type { LossReport } from '../conversion.ts';
import { octal } from '../inetd/written-line.ts';
import { normalEndpoints, type PortNumber, takesMapped } from '../normal-form.ts';
import { hasSeveralUnits } from './normal-unit.ts';
import { escapeSpecifiers, isPlainValue, quoteWord } from './quoting.ts';
import { type Line, optional } from './written-line.ts';

const keys = {
  stream: 'ListenStream',
  dgram: 'ListenDatagram',
  seqpacket: 'ListenSequentialPacket',
  fifo: 'ListenFIFO',
} as const;

const isWildcard = ({ host }: InternetEndpoint): boolean => host === '*' || takesMapped(host);

/** A link-local address has its interface behind the port. */
const showInternet = ({ host, port, family }: InternetEndpoint): string => {
  if (host === '*') return family === 'v4' ? `0.0.0.0:${port}` : `[::]:${port}`;
  if (isIPv4(host)) return `${host}:${port}`;
  const [address, scope] = host.split('%');
  return `[${address}]:${port}${scope === undefined ? '' : `%%${escapeSpecifiers(scope)}`}`;
};

const showPlace = (endpoint: Endpoint): string => {
  switch (endpoint.kind) {
    case 'unix':
    case 'fifo':
      return escapeSpecifiers(endpoint.path);
    case 'vsock':
      return `vsock:${endpoint.cid ?? ''}:${endpoint.port}`;
    case 'internet':
      return showInternet(endpoint);
  }
};

const listenLine = (endpoint: Endpoint): Line => [keys[endpoint.socketType], showPlace(endpoint)];

/** Why systemd could not listen there. */
const obstacleOf = (endpoint: Endpoint): string | undefined => {
  if (endpoint.kind === 'vsock') return undefined;
  if (endpoint.kind !== 'internet') {
    const isDirectory = endpoint.kind === 'fifo' && endpoint.path.endsWith('/');
    const isNormal =
      isPlainValue(endpoint.path) && !isDirectory && !/\/\.\.?(?:\/|$)|\/\//.test(endpoint.path);
    return isNormal ? undefined : `a unit file cannot write the path ${JSON.stringify(endpoint.path)}`;
  }
  const { host, port } = endpoint;
  if (port === '0') return 'no unit listens on a port that the kernel chooses';
  if (parseCount(port) === undefined) return `'${port}' has no port in /etc/services`;
  if (host !== '*' && !isIPv4(host) && !isIPv6(host)) return `a unit has no host names, as '${host}'`;
  return undefined;
};

/** One unit has one answer to the question whether sockets of IPv6 take IPv4 too. */
const splitDual = (
  endpoints: readonly Endpoint[],
  report: LossReport,
): { readonly endpoints: readonly Endpoint[]; readonly option: string | undefined } => {
  const families = new Set(
    endpoints.flatMap((endpoint) =>
      endpoint.kind === 'internet' && isWildcard(endpoint) ? [endpoint.family] : [],
    ),
  );
  if (!families.has('v6')) return { endpoints, option: families.has('dual') ? 'both' : undefined };
  if (!families.has('dual')) return { endpoints, option: 'ipv6-only' };
  report.lose('endpoints', 'a unit has one BindIPv6Only=, so each version has its own socket');
  return {
    endpoints: endpoints.flatMap((endpoint): readonly Endpoint[] =>
      endpoint.kind === 'internet' && endpoint.family === 'dual' && endpoint.host === '*'
        ? [
            { ...endpoint, family: 'v4' },
            { ...endpoint, family: 'v6' },
          ]
        : [endpoint],
    ),
    option: 'ipv6-only',
  };
};

const ownerLines = (endpoints: readonly Endpoint[], report: LossReport): readonly Line[] => {
  const files = endpoints.filter(
    (endpoint): endpoint is UnixEndpoint | FifoEndpoint =>
      endpoint.kind === 'unix' || endpoint.kind === 'fifo',
  );
  const [first] = files;
  if (first === undefined) return [];
  const isUniform = files.every(
    ({ owner, group, mode }) => owner === first.owner && group === first.group && mode === first.mode,
  );
  if (!isUniform) report.lose('endpoints', 'all sockets of a unit have one owner and mode');
  return [
    ...optional('SocketUser', first.owner),
    ...optional('SocketGroup', first.group),
    ['SocketMode', octal(first.mode)],
  ];
};

/** What a socket unit has, and what its sockets are called and set to. */
export type WrittenListening = {
  readonly lines: readonly Line[];
  readonly endpoints: readonly Endpoint[];
  readonly descriptorName: string | undefined;
  readonly socket: SocketSettings;
};

/** Neighbours with the same name and options are of one unit. */
const groupByOwn = (endpoints: readonly Endpoint[]): readonly (readonly Endpoint[])[] => {
  const groups: Endpoint[][] = [];
  let last: string | undefined;
  for (const endpoint of endpoints) {
    const own = JSON.stringify(endpoint.own ?? null);
    if (own === last) groups.at(-1)?.push(endpoint);
    else groups.push([endpoint]);
    last = own;
  }
  return groups;
};

const groupsOf = (
  service: Service,
  all: readonly Endpoint[],
  report: LossReport,
): readonly (readonly Endpoint[])[] => {
  if (hasSeveralUnits(service)) {
    const groups = groupByOwn(all);
    if (groups.length > 1) {
      report.lose('', 'descriptors of several units come in no order', 'tell them apart by their names');
    }
    return groups;
  }
  if (all.some(({ own }) => own !== undefined)) {
    report.lose('endpoints', 'all sockets of a unit have one name and one set of options');
  }
  const plain = all.map(({ own: _, ...endpoint }): Endpoint => endpoint);
  if (service.mode !== 'whole-socket') return [plain];
  // a server that gets the socket as its stdin gets one
  if (plain.length > 1) {
    report.lose('', `its ${plain.length} addresses are units of their own`, 'enable each of them');
  }
  return plain.map((endpoint) => [endpoint]);
};

/** Each element is what one unit listens on; undefined: there is nothing that could, which is reported. */
export const writeListening = (
  service: Service,
  portNumber: PortNumber,
  report: LossReport,
): readonly WrittenListening[] | undefined => {
  const all = service.endpoints.flatMap((endpoint) => normalEndpoints(endpoint, portNumber));
  for (const endpoint of all) {
    const obstacle = obstacleOf(endpoint);
    if (obstacle === undefined) continue;
    report.lose('', obstacle, 'write it in numbers');
    return undefined;
  }
  if (service.endpoints.some(({ kind }) => kind === 'internet') && all.length > service.endpoints.length) {
    report.lose('', 'without IPv6 on the machine the socket does not start', 'remove the line with [::]');
  }
  return groupsOf(service, all, report).map((group) => {
    const { endpoints, option } = splitDual(group, report);
    const own = group[0]?.own;
    return {
      lines: [
        ...endpoints.map(listenLine),
        ...optional('BindIPv6Only', option),
        ...ownerLines(endpoints, report),
      ],
      endpoints: group,
      descriptorName: own?.descriptorName ?? service.surroundings.descriptorName,
      socket: own?.socket ?? service.socket,
    };
  });
};

const switchLines = (names: Readonly<Record<string, boolean>>): readonly Line[] =>
  Object.entries(names).flatMap(([key, isOn]) => (isOn ? [[key, 'yes'] as const] : []));

const isFile = (endpoint: Endpoint): boolean =>
  endpoint.kind === 'fifo' || (endpoint.kind === 'unix' && endpoint.path.startsWith('/'));

const symlinkLines = ({ socket, endpoints }: WrittenListening, report: LossReport): readonly Line[] => {
  if (socket.symlinks.length === 0) return [];
  if (endpoints.filter(isFile).length === 1) return [['Symlinks', ...socket.symlinks.map(quoteWord)]];
  report.lose('socket.symlinks', 'links need one path that they lead to');
  return [];
};

export const optionLines = (listening: WrittenListening, report: LossReport): readonly Line[] => {
  const { socket } = listening;
  const hasBuffers = socket.sendBuffer !== undefined || socket.receiveBuffer !== undefined;
  if (socket.fastOpen !== undefined) report.lose('socket.fastOpen', 'no TCP Fast Open');
  if (socket.debug) report.lose('socket.debug', 'no SO_DEBUG');
  if (socket.forcesBuffers !== hasBuffers) {
    report.lose('socket.forcesBuffers', "buffers may go beyond the kernel's limits");
  }
  return [
    ...optional('Backlog', socket.backlog),
    ...optional('SendBuffer', socket.sendBuffer),
    ...optional('ReceiveBuffer', socket.receiveBuffer),
    ...switchLines({ KeepAlive: socket.keepAlive, NoDelay: socket.noDelay }),
    ...optional('KeepAliveTimeSec', socket.keepAliveTime),
    ...optional('KeepAliveIntervalSec', socket.keepAliveInterval),
    ...optional('KeepAliveProbes', socket.keepAliveProbes),
    ...optional('DeferAcceptSec', socket.deferAccept),
    ...switchLines({
      FreeBind: socket.freeBind,
      Transparent: socket.transparent,
      ReusePort: socket.reusePort,
      Broadcast: socket.broadcast,
      PassCredentials: socket.passesCredentials,
      PassPacketInfo: socket.passesPacketInfo,
    }),
    ...optional('BindToDevice', socket.bindDevice),
    ...optional('Mark', socket.mark),
    ...optional('Priority', socket.priority),
    ...optional('IPTOS', socket.typeOfService),
    ...optional('IPTTL', socket.timeToLive),
    ...optional('TCPCongestion', socket.congestion),
    ...optional('SocketProtocol', socket.protocol),
    ...optional('PipeSize', socket.pipeSize),
    ...(socket.directoryMode === plainSocket.directoryMode
      ? []
      : [['DirectoryMode', octal(socket.directoryMode)] as const]),
    ...symlinkLines(listening, report),
  ];
};
