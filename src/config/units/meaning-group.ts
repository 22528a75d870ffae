// A service of acceptd from the parts that its socket units and its service unit say.
import type { Access } from '../../model/access.ts';
import type { Endpoint } from '../../model/address.ts';
import type { Daemon } from '../../model/daemon.ts';
import type { Limits } from '../../model/limits.ts';
import { noDaemon, plainProcess, plainRelay, plainSurroundings, type Service } from '../../model/service.ts';
import type { LocatedService } from '../source.ts';
import { readProxy, type SocketProxy } from './proxy.ts';
import type { ServicePart } from './service-part.ts';
import { readLimits, stricterRate } from './socket-limits.ts';
import { type SocketUnit, socketMarks } from './socket-unit.ts';
import type { Unit } from './unit.ts';
import { readSwitch } from './values.ts';
import { unlimitedConnections } from './written-access.ts';
import { relayTimeout } from './written-service.ts';

type Sockets = readonly [SocketUnit, ...SocketUnit[]];

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Descriptors of a server are called as their unit, where it says nothing else. */
const nameOf = ({ unit, descriptorName }: SocketUnit): string => descriptorName ?? unit.name;

/** Where sockets come from several units, each keeps the name and the options that its unit gives it. */
const endpointsOf = (sockets: Sockets): readonly Endpoint[] => {
  const [first, ...others] = sockets;
  if (others.length === 0) return first.endpoints;
  return sockets.flatMap((socket) => {
    const settings = isSame(socket.settings, first.settings) ? undefined : socket.settings;
    const own = { descriptorName: nameOf(socket), socket: settings };
    return socket.endpoints.map((endpoint) => ({ ...endpoint, own }));
  });
};

const accessOf = ([first, ...others]: Sockets): Access | undefined => {
  const other = others.find(({ access }) => !isSame(access, first.access));
  other?.unit.report.error(
    other.at,
    `${other.unit.name} lets in others than ${first.unit.name}, and all sockets of a service have one list`,
    'write the same IPAddressAllow= and IPAddressDeny= in both',
  );
  return first.access;
};

const limitsOf = (sockets: Sockets, answers: 'accept' | 'sockets' | 'relay'): Limits => {
  const [first, ...others] = sockets;
  const limits = readLimits(first.unit, answers);
  const rates = others.map(({ unit }) => readLimits(unit, answers).rate);
  return { ...limits, rate: rates.reduce(stricterRate, limits.rate) };
};

/** `finger.service`, `finger@.service` -> `finger`; an instance keeps its name. */
const idOf = ({ name }: Unit): string => name.replace(/@?\.[a-z]+$/, '');

type FromSockets = Pick<
  Service,
  'id' | 'name' | 'origin' | 'dialect' | 'endpoints' | 'mux' | 'rpc' | 'limits' | 'access' | 'socket'
> &
  Pick<Service, 'banners' | 'identity' | 'serviceLog'>;

const fromSockets = (
  sockets: Sockets,
  service: Unit,
  answers: 'accept' | 'sockets' | 'relay',
): FromSockets => {
  const [first] = sockets;
  return {
    id: idOf(service),
    name: idOf(service),
    origin: socketMarks(first).service.at,
    dialect: 'systemd',
    endpoints: endpointsOf(sockets),
    mux: undefined,
    rpc: undefined,
    limits: limitsOf(sockets, answers),
    access: accessOf(sockets),
    banners: undefined,
    identity: undefined,
    serviceLog: undefined,
    socket: first.settings,
  };
};

/** Accept=yes, or a server for all of its sockets. */
export const combineServer = (sockets: Sockets, service: Unit, part: ServicePart): LocatedService => {
  const [first, ...others] = sockets;
  const { marks, surroundings, ...parts } = part;
  const { isAccepting } = first;
  const descriptorName = isAccepting ? first.descriptorName : nameOf(first);
  return {
    service: {
      ...fromSockets(sockets, service, isAccepting ? 'accept' : 'sockets'),
      ...parts,
      mode: isAccepting ? 'per-connection' : 'whole-socket',
      surroundings: {
        ...surroundings,
        descriptorName: others.length === 0 ? descriptorName : undefined,
      },
    },
    marks: { ...marks, ...socketMarks(first) },
  };
};

/** systemd connects once and drops the client where nobody answers; here a server that does not tell is asked. */
const daemonOf = (daemon: Daemon, proxy: SocketProxy, backend: Unit): Daemon => {
  const tells = daemon.type === 'notify' || daemon.type === 'notify-reload';
  const isStopped = readSwitch(backend.section('Unit').one('StopWhenUnneeded'), backend) ?? false;
  return {
    ...daemon,
    onDemand: true,
    readiness: tells ? daemon.readiness : { kind: 'probe' },
    idleStop: isStopped ? proxy.exitIdleTime : undefined,
  };
};

/** What copies needs no process; where a server is behind it, that one's. */
export const combineRelay = (
  sockets: Sockets,
  service: Unit,
  backend: Unit | undefined,
  part: ServicePart | undefined,
): LocatedService | undefined => {
  const [first] = sockets;
  const proxy = readProxy(service);
  if (proxy === undefined || (backend !== undefined && part === undefined)) return undefined;
  const common = fromSockets(sockets, service, 'relay');
  const { host, port, proxyHeader, mostConnections } = proxy;
  return {
    service: {
      ...common,
      ...noDaemon,
      process: plainProcess,
      surroundings: plainSurroundings,
      credentials: { user: undefined, group: undefined, supplementaryGroups: undefined },
      ...(part === undefined || backend === undefined
        ? {}
        : {
            process: part.process,
            surroundings: part.surroundings,
            credentials: part.credentials,
            lifetime: part.lifetime,
            startTexts: part.startTexts,
            daemon: part.daemon && daemonOf(part.daemon, proxy, backend),
          }),
      mode: 'per-connection',
      limits: {
        ...common.limits,
        instances: mostConnections >= unlimitedConnections ? undefined : mostConnections,
      },
      answer: {
        kind: 'relay',
        host,
        port,
        ...plainRelay,
        connectTimeout: relayTimeout,
        ...plainRelay,
        proxyHeader,
        backend: part && { file: part.answer.file, arguments: part.answer.arguments },
      },
    },
    marks: { ...part?.marks, ...socketMarks(first) },
  };
};
