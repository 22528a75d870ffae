// What is watched while a daemon is up: its watchdog, its time, its idleness, its queues.
import type { DaemonStop, Failure } from '../../model/event.ts';
import { milliseconds, showDuration } from '../../model/quantity.ts';
import type { Runtime } from '../running.ts';
import { createDeadline } from './deadlines.ts';
import { watchIdleness } from './idle.ts';
import type { Run } from './run.ts';

export type Watches = {
  /** WATCHDOG=1, or another time for it. */
  readonly touchWatchdog: () => void;
  /** Somebody has just gone. */
  readonly touchIdle: () => void;
  readonly stop: () => void;
};

export type Alarms = {
  readonly onWatchdog: (failure: Failure) => void;
  readonly onStop: (why: DaemonStop, failure: Failure | undefined) => void;
};

export const watchRun = (
  { clock }: Pick<Runtime, 'clock'>,
  run: Run,
  isBusy: () => Promise<boolean>,
  alarms: Alarms,
): Watches => {
  const { daemon, lifetime, file } = run.plan;
  const watchdog = createDeadline(clock, () => {
    const time = run.watchdogTime === undefined ? 'its time' : showDuration(run.watchdogTime);
    alarms.onWatchdog({ code: 'ETIMEDOUT', what: `${file} has not said WATCHDOG=1 for ${time}` });
  });
  const life = createDeadline(clock, () => {
    const time = lifetime.longest === undefined ? 'its time' : showDuration(lifetime.longest);
    alarms.onStop('runtime-limit', {
      code: 'ETIMEDOUT',
      what: `${file} has run for ${time}, which is its limit`,
    });
  });
  const idleness =
    daemon.idleStop === undefined
      ? undefined
      : watchIdleness(clock, daemon.idleStop, isBusy, () => alarms.onStop('idle', undefined));

  watchdog.set(run.watchdogTime);
  const { longest } = lifetime;
  const since = clock.now() - (run.upSince ?? clock.now());
  life.set(longest && milliseconds(Math.max(0, longest - since)));
  run.queues.begin();
  return {
    touchWatchdog: () => watchdog.set(run.watchdogTime),
    touchIdle: () => idleness?.touch(),
    stop: () => {
      watchdog.clear();
      life.clear();
      idleness?.stop();
      run.queues.stop();
    },
  };
};
