// Daemons for tests, in one expression each.
import type { Daemon } from '../../src/model/daemon.ts';
import { milliseconds } from '../../src/model/quantity.ts';

const noStatuses = { codes: [], signals: [] };
const pause = milliseconds(100);

/** One that is told of its sockets by LISTEN_FDS and counts as running at once, with what the test says. */
export const daemonOf = (rest: Partial<Daemon> = {}): Daemon => ({
  activation: 'listen-fds',
  type: 'simple',
  onDemand: true,
  readiness: { kind: 'type' },
  isNonBlocking: false,
  listenPid: 'own',
  notifyAccess: 'none',
  storeLimit: 0,
  pidFile: undefined,
  startTimeout: undefined,
  abortTimeout: undefined,
  watchdog: undefined,
  watchdogSignal: 6,
  restart: { when: 'no', pause, steps: 0, longestPause: pause, prevent: noStatuses, force: noStatuses },
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
  ...rest,
});
