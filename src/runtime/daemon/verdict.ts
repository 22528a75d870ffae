// What follows a run of a daemon: another start at once or after a pause, or the next client's.
import { backOff } from '../../admission/limits.ts';
import type { Daemon } from '../../model/daemon.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import { patientRuns } from '../queue.ts';
import { type End, restartPause, restartsAfter } from './ends.ts';

const shortestPause = milliseconds(10);
const longestPause = milliseconds(30_000);

/** What came before: counted by the one who asks. */
export type History = {
  /** Starts in a row that nobody asked for. */
  readonly restarts: number;
  /** Runs in a row that did not come up, or took nobody from the queue; this one included. */
  readonly failures: number;
  /** This one did not come up. */
  readonly hasFailedToStart: boolean;
  readonly isSomebodyWaiting: boolean;
};

export type Verdict =
  /** The next client starts it. */
  | { readonly kind: 'off' }
  /** It starts by itself after the pause. */
  | { readonly kind: 'restart'; readonly pause: Milliseconds }
  /** Nobody is served for a while: it cannot serve. */
  | { readonly kind: 'back-off'; readonly pause: Milliseconds };

export const judgeRun = (daemon: Daemon, end: End, history: History): Verdict => {
  const { restarts, failures, hasFailedToStart, isSomebodyWaiting } = history;
  const counted = hasFailedToStart ? failures : failures - patientRuns;
  const patience = counted > 0 ? backOff(counted, shortestPause, longestPause) : milliseconds(0);
  const isDone = daemon.type === 'oneshot' && end.isWell;
  const isStanding = !daemon.onDemand && end.cause !== 'asked' && !isDone;
  if (restartsAfter(daemon, end) || isStanding) {
    const pause = restartPause(daemon.restart, restarts);
    return { kind: 'restart', pause: milliseconds(Math.max(pause, patience)) };
  }
  return patience > 0 && isSomebodyWaiting ? { kind: 'back-off', pause: patience } : { kind: 'off' };
};
