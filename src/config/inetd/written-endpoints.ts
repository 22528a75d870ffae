// Where a service listens, as lines of a definition.
import type { Endpoint, InternetEndpoint, UnixEndpoint } from '../../model/address.ts';
import type { Service } from '../../model/service.ts';
import { meanings } from './dialect.ts';
import { muxNameOf } from './name.ts';
import { protocolWord } from './service-id.ts';
import { type Line, lineIf, octal, optional } from './written-line.ts';

const families = { both: '', v4: '4', v6: '6', dual: '46' } as const;

const protocolOf = (endpoint: InternetEndpoint): string =>
  `${endpoint.socketType === 'stream' ? 'tcp' : 'udp'}${families[endpoint.family]}`;

const showHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** One endpoint as a value of `listen`. */
const listenWord = (endpoint: Endpoint): string => {
  if (endpoint.kind === 'vsock') {
    const type = endpoint.socketType === 'stream' ? '' : `-${endpoint.socketType}`;
    return `vsock${type}:${endpoint.cid ?? '*'}:${endpoint.port}`;
  }
  if (endpoint.kind === 'internet') {
    return `${protocolOf(endpoint)}:${showHost(endpoint.host)}:${endpoint.port}`;
  }
  const owner = endpoint.owner === undefined ? '' : `,owner=${endpoint.owner}`;
  const group = endpoint.group === undefined ? '' : `,group=${endpoint.group}`;
  const word = endpoint.kind === 'fifo' ? 'fifo' : `unix-${endpoint.socketType}`;
  return `${word},mode=${octal(endpoint.mode)}${owner}${group}:${endpoint.path}`;
};

const unixLines = (endpoint: UnixEndpoint): readonly Line[] => [
  ['protocol', 'unix'],
  ...lineIf(endpoint.socketType !== 'stream', 'socktype', endpoint.socketType),
  ['path', endpoint.path],
  ...lineIf(endpoint.mode !== meanings.acceptd.unixMode, 'socket_mode', octal(endpoint.mode)),
  ...optional('socket_user', endpoint.owner),
  ...optional('socket_group', endpoint.group),
];

const isInternet = (endpoint: Endpoint): endpoint is InternetEndpoint => endpoint.kind === 'internet';

/** The lines, and the protocol word that the service's id would show. */
export type WrittenEndpoints = { readonly lines: readonly Line[]; readonly protocol: string };

const muxLines = (service: Service): readonly Line[] => {
  const { mux } = service;
  const named = muxNameOf(service.name);
  return mux === undefined || (named?.name === mux.name && named.saysGo === mux.saysGo)
    ? []
    : [['tcpmux', `${mux.saysGo ? '+' : ''}${mux.name}`]];
};

/** What the keys protocol, bind and port can say about all endpoints at once; undefined where they cannot. */
const uniformModel = (service: Service): InternetEndpoint | undefined => {
  const { endpoints, rpc } = service;
  const internet = endpoints.filter(isInternet);
  const [model] = internet;
  const isUniform =
    model !== undefined &&
    internet.length === endpoints.length &&
    internet.every(
      ({ socketType, family, port }) =>
        socketType === model.socketType && family === model.family && port === model.port,
    );
  // Without `listen` the port of an rpc service is chosen by the kernel, and that of no other service is.
  const isPortFree = model?.port === '0';
  const looksLikeMember = muxNameOf(service.name) !== undefined;
  return isUniform && isPortFree === (rpc !== undefined) && !looksLikeMember ? model : undefined;
};

export const endpointLines = (service: Service): WrittenEndpoints => {
  const { endpoints, rpc } = service;
  const [first] = endpoints;
  const rpcLines: readonly Line[] =
    rpc === undefined ? [] : [['rpc', `${rpc.program}/${rpc.lowVersion}-${rpc.highVersion}`]];
  if (first === undefined) return { lines: muxLines(service), protocol: 'tcp' };
  if (first.kind === 'unix' && endpoints.length === 1) {
    return { lines: [...unixLines(first), ...rpcLines], protocol: 'unix' };
  }
  const model = uniformModel(service);
  if (model === undefined) {
    const protocol = protocolWord(first);
    return { lines: [['listen', ...endpoints.map(listenWord)], ...rpcLines], protocol };
  }
  const protocol = protocolOf(model);
  const hosts = endpoints.filter(isInternet).map(({ host }) => host);
  const lines: readonly Line[] = [
    ...lineIf(protocol !== 'tcp' || /^[/@]/.test(service.name), 'protocol', protocol),
    ...lineIf(hosts.length !== 1 || hosts[0] !== '*', 'bind', ...hosts),
    ...lineIf(rpc === undefined && model.port !== service.name, 'port', model.port),
    ...rpcLines,
  ];
  return { lines, protocol };
};
