// What earlier runs of a daemon say about the next one: how often it was started again, how often it was of no use.
import type { Failure } from '../../model/event.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import { countRun, needsCloseLook, noDoubt } from '../queue.ts';
import type { Plan } from './plan.ts';
import { endOf, type Run } from './run.ts';
import type { SavedHistory } from './saved.ts';
import { createStartLimit } from './start-limit.ts';
import { judgeRun, type Verdict } from './verdict.ts';

export type Findings = {
  readonly verdict: Verdict;
  /** Absent where it went as it should. */
  readonly failure: Failure | undefined;
  readonly hasFailedToStart: boolean;
};

export const createHistory = () => {
  const limit = createStartLimit();
  let restarts = 0;
  const doubt = noDoubt();

  return {
    /** How long the next start has to wait; otherwise it is counted. */
    takeStart: (plan: Plan, now: Milliseconds): Milliseconds | undefined =>
      limit.take(plan.daemon.startLimit, now),

    /** `queues`: whether nobody was taken from them, and whether somebody waits anywhere. */
    judge: (
      run: Run,
      queues: { readonly isUntouched: boolean; readonly isSomebodyWaiting: boolean },
      now: Milliseconds,
    ): Findings => {
      const end = endOf(run);
      const isAsked = end.cause === 'asked';
      const hasFailedToStart = !run.isReady && !end.isWell;
      const { isUntouched, isSomebodyWaiting } = queues;
      const wasClose = needsCloseLook(doubt);
      if (!isAsked) countRun(doubt, { hasFailed: hasFailedToStart, isUntouched, wasClose }, now);
      const verdict = judgeRun(run.plan.daemon, end, {
        restarts,
        failures: doubt.failures,
        hasFailedToStart,
        isSomebodyWaiting,
      });
      restarts = verdict.kind === 'restart' ? restarts + 1 : 0;
      const failure = run.failure ?? { code: 'ECHILD', what: `${run.plan.file} has failed` };
      return { verdict, failure: end.isWell || isAsked ? undefined : failure, hasFailedToStart };
    },

    failures: (): number => doubt.failures,
    /** The next run is to be judged by who waits. */
    isSuspect: (): boolean => needsCloseLook(doubt),

    /** It says that it works, or somebody wants another try. */
    forget: (): void => {
      restarts = 0;
      doubt.failures = 0;
    },
    forgetStarts: limit.forget,

    save: (): SavedHistory => ({ restarts, doubt, starts: limit.save() }),
    restore: (saved: SavedHistory): void => {
      restarts = saved.restarts;
      Object.assign(doubt, saved.doubt);
      limit.restore(saved.starts);
    },
  };
};
