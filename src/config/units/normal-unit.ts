// Services as they are compared with units: what every unit says about starts and ends, and others only mean.
import type { Daemon, Lifetime } from '../../model/daemon.ts';
import { milliseconds } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import { normalService, type PortNumber } from '../normal-form.ts';
import { usualTimeout } from './ending.ts';
import { noStatuses } from './statuses.ts';

/** Of handlers as inetd has them: what one leaves behind lives on. */
export const plainLifetime: Lifetime = {
  ending: {
    mode: 'process',
    signal: 15,
    finalSignal: 9,
    hangsUp: false,
    kills: true,
    timeout: usualTimeout,
  },
  longest: undefined,
  success: noStatuses,
};

/** Of a server that waits, as inetd has it: it is started as often as clients come, and never given up. */
export const plainDaemon: Daemon = {
  activation: 'inetd',
  type: 'simple',
  onDemand: true,
  readiness: { kind: 'type' },
  isNonBlocking: false,
  listenPid: 'own',
  notifyAccess: 'none',
  storeLimit: 0,
  pidFile: undefined,
  startTimeout: usualTimeout,
  abortTimeout: usualTimeout,
  watchdog: undefined,
  watchdogSignal: 6,
  restart: {
    when: 'no',
    pause: milliseconds(100),
    steps: 0,
    longestPause: milliseconds(100),
    prevent: noStatuses,
    force: noStatuses,
  },
  startLimit: undefined,
  remainsAfterExit: false,
  flushesPending: false,
  idleStop: undefined,
  startBefore: [],
  startAfter: [],
  furtherStarts: [],
  reload: [],
  reloadSignal: 1,
  stop: [],
  stopAfter: [],
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

/** With what a unit has in any case; where nobody is started, nothing of that counts. */
export const asUnit = (given: Service): Service => {
  // systemd always goes beyond the kernel's limits where it may
  const service = { ...given, socket: { ...given.socket, forcesBuffers: true } };
  if (!hasProgram(service)) {
    return { ...service, daemon: undefined, lifetime: undefined, startTexts: undefined };
  }
  const { process } = service;
  const isWhole = service.mode === 'whole-socket';
  return {
    ...service,
    process: {
      ...process,
      workingDirectory: plainPath(process.workingDirectory),
      rootDirectory: plainPath(process.rootDirectory),
    },
    surroundings: { ...service.surroundings, hasUnitVariables: true },
    lifetime: service.lifetime ?? plainLifetime,
    daemon: service.daemon ?? (isWhole ? plainDaemon : undefined),
  };
};

/** The name of a unit is its id. */
export const normalUnit = (service: Service, portNumber: PortNumber): unknown => ({
  ...normalService(asUnit(service), portNumber),
  id: '',
});
