// What the end of a daemon's process means: was it well, is it started again, and how long is it waited before.
import type { Daemon, EndStatuses, Restart } from '../../model/daemon.ts';
import type { ExitStatus } from '../../model/event.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import { signalName } from './signals.ts';

/** How a run came to its end, in the words of the table of Restart= in systemd.service(5). */
export type Cause = 'itself' | 'timeout' | 'watchdog' | 'asked';

export type End = {
  readonly cause: Cause;
  /** Of the main process; undefined where it never came into being, or nobody saw how it ended. */
  readonly status: ExitStatus | undefined;
  readonly isWell: boolean;
};

/** SIGHUP, SIGINT, SIGPIPE and SIGTERM end servers as usually as exit status 0 does. */
const usualSignals: readonly number[] = [1, 2, 13, 15];

const holds = (statuses: EndStatuses, status: ExitStatus): boolean =>
  status.kind === 'exit' ? statuses.codes.includes(status.code) : statuses.signals.includes(status.signal);

/** `signals`: whether one of the usual signals is a good end, as of servers, or a failure, as of commands. */
export const isGoodEnd = (status: ExitStatus, success: EndStatuses, signals: 'usual' | 'failure'): boolean =>
  (status.kind === 'exit' && status.code === 0) ||
  (status.kind === 'signal' && signals === 'usual' && usualSignals.includes(status.signal)) ||
  holds(success, status);

const table: Readonly<Record<Restart['when'], (end: End) => boolean>> = {
  no: () => false,
  always: () => true,
  'on-success': ({ cause, isWell }) => cause === 'itself' && isWell,
  'on-failure': ({ isWell }) => !isWell,
  'on-abnormal': (end) => end.cause !== 'itself' || isAbnormal(end),
  'on-abort': (end) => end.cause === 'itself' && isAbnormal(end),
  'on-watchdog': ({ cause }) => cause === 'watchdog',
};

const isAbnormal = ({ isWell, status }: End): boolean => !isWell && status?.kind === 'signal';

/** Whether it is started again without anybody asking. */
export const restartsAfter = ({ restart }: Pick<Daemon, 'restart'>, end: End): boolean => {
  if (end.cause === 'asked') return false;
  const { status } = end;
  if (status !== undefined && holds(restart.prevent, status)) return false;
  if (status !== undefined && holds(restart.force, status)) return true;
  return table[restart.when](end);
};

/** After so many restarts in a row. */
export const restartPause = (
  { pause, steps, longestPause }: Pick<Restart, 'pause' | 'steps' | 'longestPause'>,
  restarts: number,
): Milliseconds => {
  if (steps === 0 || pause <= 0 || longestPause <= pause) return pause;
  return milliseconds(pause * (longestPause / pause) ** (Math.min(restarts, steps) / steps));
};

/** `exit status 3`, `SIGSEGV`. */
export const describeEnd = (status: ExitStatus): string =>
  status.kind === 'exit' ? `exit status ${status.code}` : signalName(status.signal);
