// Services as they are compared with units: what every unit says about starts and ends, and others only mean.
import type { Access, ClientPattern } from '../../model/access.ts';
import { type Daemon, type Lifetime, plainDaemon, plainLifetime } from '../../model/daemon.ts';
import type { Service } from '../../model/service.ts';
import { normalService, type PortNumber } from '../normal-form.ts';
import { takesSocket } from './streams.ts';

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

const hasEverybody = (patterns: readonly ClientPattern[] | undefined): boolean =>
  patterns?.some(
    (pattern) => pattern.kind === 'network' && pattern.network.version === 6 && pattern.network.prefix === 0,
  ) === true;

/** A list that lets everybody in keeps nobody out; one that keeps everybody out lets nobody in. */
export const plainAccess = (access: Access | undefined): Access | undefined => {
  if (access === undefined) return undefined;
  if (hasEverybody(access.noAccess)) return { ...access, onlyFrom: [], noAccess: [] };
  return hasEverybody(access.onlyFrom) ? { ...access, onlyFrom: undefined } : access;
};

/** With what a unit has in any case; where nobody is started, nothing of that counts. */
export const asUnit = (given: Service): Service => {
  // systemd always goes beyond the kernel's limits where it may
  const service = {
    ...given,
    access: plainAccess(given.access),
    socket: { ...given.socket, forcesBuffers: true },
  };
  if (!hasProgram(service)) {
    return { ...service, daemon: undefined, lifetime: undefined, startTexts: undefined };
  }
  const { process, surroundings } = service;
  const isWhole = service.mode === 'whole-socket';
  return {
    ...service,
    process: {
      ...process,
      workingDirectory: plainPath(process.workingDirectory),
      rootDirectory: plainPath(process.rootDirectory),
    },
    surroundings: {
      ...surroundings,
      // nobody tells the name of a stream
      descriptorName: takesSocket(surroundings) ? undefined : surroundings.descriptorName,
      hasUnitVariables: true,
    },
    lifetime: service.lifetime ?? inetdLifetime,
    daemon: service.daemon ?? (isWhole ? inetdDaemon : undefined),
  };
};

/** What its descriptors are called; undefined where nobody is told. */
export const descriptorNameOf = (service: Service): string | undefined => {
  const { daemon, mode, name, surroundings } = asUnit(service);
  const { descriptorName, hasFd3 } = surroundings;
  if (mode === 'per-connection') return hasFd3 && hasProgram(service) ? descriptorName : undefined;
  return daemon === undefined || daemon.activation === 'inetd' ? undefined : (descriptorName ?? name);
};

const withNames = (service: Service): Service => ({
  ...service,
  surroundings: { ...service.surroundings, descriptorName: descriptorNameOf(service) },
});

/** The name of a unit is its id. */
export const normalUnit = (service: Service, portNumber: PortNumber): unknown => ({
  ...normalService(withNames(asUnit(service)), portNumber),
  id: '',
});
