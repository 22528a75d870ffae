// Services as they are compared with units: what every unit says about starts and ends, and others only mean.
import type { Access, ClientPattern } from '../../model/access.ts';
import type { Endpoint } from '../../model/address.ts';
import { capabilityNames } from '../../model/capability.ts';
import {
  type Daemon,
  type EndStatuses,
  type Lifetime,
  plainDaemon,
  plainLifetime,
  type Restart,
} from '../../model/daemon.ts';
import type { Privileges, Scheduling, Service } from '../../model/service.ts';
import { normalService, type PortNumber } from '../normal-form.ts';
import { type Streams, takesSocket } from './streams.ts';

/** Of handlers as inetd has them: what one leaves behind lives on. */
const inetdLifetime: Lifetime = {
  ...plainLifetime,
  ending: { ...plainLifetime.ending, mode: 'process' },
};

/** Of a server that waits, as inetd has it: it is started as often as clients come, and never given up. */
const inetdDaemon: Daemon = {
  ...plainDaemon,
  activation: 'inetd',
  notifyAccess: 'none',
  startLimit: undefined,
};

/** Whether a program is started for it at all. */
export const hasProgram = ({ answer }: Service): boolean =>
  answer.kind === 'program' || (answer.kind === 'relay' && answer.backend !== undefined);

/** Doubled slashes and `.` are nothing. */
const plainPath = (path: string | undefined): string | undefined =>
  path?.startsWith('/')
    ? `/${path
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/')}`
    : path;

const isEverybody = (pattern: ClientPattern): boolean =>
  pattern.kind === 'network' && pattern.network.version === 6 && pattern.network.prefix === 0;

/** Who lets everybody in keeps nobody out, and who keeps everybody out lets nobody in. */
const plainAccess = (access: Access | undefined): Access | undefined => {
  if (access === undefined) return undefined;
  const { onlyFrom, noAccess } = access;
  if (onlyFrom?.some(isEverybody) === true) return { ...access, onlyFrom: undefined };
  const isShut = onlyFrom === undefined && noAccess.some(isEverybody);
  return isShut ? { ...access, onlyFrom: [], noAccess: [] } : access;
};

/** A server behind a relay has nothing that could be its stream. */
const withoutSocket = ({ stdin, stdout, stderr }: Streams): Streams => ({
  stdin: stdin === 'client' ? 'null' : stdin,
  stdout: stdout === 'client' ? 'log' : stdout,
  stderr: stderr === 'client' ? 'log' : stderr,
});

const sorted = (numbers: readonly number[]): readonly number[] =>
  [...new Set(numbers)].sort((left, right) => left - right);

const plainStatuses = ({ codes, signals }: EndStatuses): EndStatuses => ({
  codes: sorted(codes),
  signals: sorted(signals),
});

/** A pause that has no longer one to grow to stays as it is. */
const plainRestart = (restart: Restart): Restart => {
  const grows = restart.steps > 0 && restart.longestPause > restart.pause;
  return {
    ...restart,
    steps: grows ? restart.steps : 0,
    longestPause: grows ? restart.longestPause : restart.pause,
    prevent: plainStatuses(restart.prevent),
    force: plainStatuses(restart.force),
  };
};

/** In the order of their numbers; what takes and gives nothing is nothing. */
const plainPrivileges = (privileges: Privileges | undefined): Privileges | undefined => {
  if (privileges === undefined) return undefined;
  const order = (names: readonly string[]) => capabilityNames.filter((name) => names.includes(name));
  const bounding = privileges.bounding && order(privileges.bounding);
  const plain = {
    ...privileges,
    bounding: bounding?.length === capabilityNames.length ? undefined : bounding,
    ambient: order(privileges.ambient),
    secureBits: privileges.secureBits === 0 ? undefined : privileges.secureBits,
  };
  const isNothing =
    plain.bounding === undefined &&
    plain.ambient.length === 0 &&
    plain.secureBits === undefined &&
    !plain.noNewPrivileges;
  return isNothing ? undefined : plain;
};

/** Only two policies have priorities, from 1 on. */
const plainScheduling = (scheduling: Scheduling | undefined): Scheduling | undefined => {
  if (scheduling === undefined) return undefined;
  const isRealtime = scheduling.policy === 'fifo' || scheduling.policy === 'rr';
  const plain = {
    ...scheduling,
    priority: isRealtime && scheduling.priority !== 0 ? scheduling.priority : undefined,
    affinity: scheduling.affinity && sorted(scheduling.affinity),
  };
  const { resetsOnFork, ...others } = plain;
  return resetsOnFork || Object.values(others).some((part) => part !== undefined) ? plain : undefined;
};

/** With what a unit has in any case; where nobody is started, nothing of that counts. */
export const asUnit = (given: Service): Service => {
  const service = { ...given, access: plainAccess(given.access) };
  if (!hasProgram(service)) {
    return { ...service, daemon: undefined, lifetime: undefined, startTexts: undefined };
  }
  const { process, surroundings } = service;
  const lifetime = service.lifetime ?? inetdLifetime;
  const daemon = service.daemon ?? (service.mode === 'whole-socket' ? inetdDaemon : undefined);
  return {
    ...service,
    process: {
      ...process,
      workingDirectory: plainPath(process.workingDirectory),
      rootDirectory: plainPath(process.rootDirectory),
      privileges: plainPrivileges(process.privileges),
      scheduling: plainScheduling(process.scheduling),
    },
    surroundings: {
      ...surroundings,
      ...(service.answer.kind === 'relay' ? withoutSocket(surroundings) : {}),
      hasUnitVariables: true,
    },
    lifetime: { ...lifetime, success: plainStatuses(lifetime.success) },
    daemon: daemon && {
      ...daemon,
      restart: plainRestart(daemon.restart),
      // a server behind a relay has no sockets that could be handed over or emptied
      ...(service.answer.kind === 'relay' ? { activation: 'none', flushesPending: false } : {}),
    },
  };
};

/** Whether descriptors have names that somebody is told. */
const hasNames = (service: Service): boolean => {
  const { daemon, mode, surroundings } = service;
  if (!hasProgram(service)) return false;
  if (mode === 'per-connection') return surroundings.hasFd3 && service.answer.kind === 'program';
  return daemon !== undefined && daemon.activation !== 'inetd' && !takesSocket(surroundings);
};

const withoutOwn = ({ own: _, ...endpoint }: Endpoint): Endpoint => endpoint;

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Whether its sockets come from units of their own, with names and options of their own. */
export const hasSeveralUnits = (service: Service): boolean =>
  service.mode === 'whole-socket' && hasNames(service);

/**
 * Names and options of descriptors where they are told: with the service where all have the same, or each with its
 * socket, and then the service has those of the first.
 */
export const withNames = (service: Service): Service => {
  const { endpoints, surroundings, socket, name } = service;
  const called = hasNames(service) ? surroundings.descriptorName : undefined;
  if (!hasSeveralUnits(service)) {
    const named = { ...surroundings, descriptorName: called };
    // a name is told to nobody
    const others = endpoints.map((endpoint) =>
      endpoint.own?.socket === undefined ? withoutOwn(endpoint) : endpoint,
    );
    return { ...service, endpoints: called === undefined ? others : endpoints, surroundings: named };
  }
  const owned = endpoints.map(({ own }) => ({
    descriptorName: own?.descriptorName ?? called ?? name,
    socket: own?.socket ?? socket,
  }));
  const [first = { descriptorName: called ?? name, socket }] = owned;
  const isUniform = owned.every((own) => isSame(own, first));
  return {
    ...service,
    socket: first.socket,
    surroundings: { ...surroundings, descriptorName: isUniform ? first.descriptorName : undefined },
    endpoints: endpoints.map((endpoint, index): Endpoint => {
      const own = owned[index] ?? first;
      if (isUniform) return withoutOwn(endpoint);
      return {
        ...endpoint,
        own: { ...own, socket: isSame(own.socket, first.socket) ? undefined : own.socket },
      };
    }),
  };
};

/** The name of a unit is its id. */
export const normalUnit = (service: Service, portNumber: PortNumber): unknown => ({
  ...normalService(withNames(asUnit(service)), portNumber),
  id: '',
});
