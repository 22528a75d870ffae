// Stops a daemon that nobody is connected to: the moment since when is remembered, and who comes begins it anew.
import type { Clock } from '../../model/clock.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';

const shortestPause = 250;
const longestPause = 60_000;

/** Looks often enough to be late by a quarter at most. */
export const pauseBetweenLooks = (idleStop: Milliseconds): Milliseconds =>
  milliseconds(Math.min(longestPause, Math.max(shortestPause, idleStop / 4)));

/**
 * `isBusy` says whether anything goes on at this moment; `onIdle` is called once, when it has said no for so long. The
 * returned functions: one for who knows that something has just ended, one that ends it all.
 */
export const watchIdleness = (
  clock: Clock,
  idleStop: Milliseconds,
  isBusy: () => Promise<boolean>,
  onIdle: () => void,
): { readonly touch: () => void; readonly stop: () => void } => {
  let idleSince = clock.now();
  let isStopped = false;
  const look = async (): Promise<void> => {
    // an answer may take long: what it says of being busy may be of just now, and of being idle of when it was asked for
    const asked = clock.now();
    const wasBusy = await isBusy();
    if (isStopped) return;
    if (wasBusy) idleSince = clock.now();
    const idleFor = asked - idleSince;
    if (idleFor >= idleStop) {
      onIdle();
      return;
    }
    plan();
  };
  let cancel = (): void => undefined;
  const plan = (): void => {
    const left = idleSince + idleStop - clock.now();
    cancel = clock.after(
      milliseconds(Math.min(pauseBetweenLooks(idleStop), Math.max(left, 1))),
      () => void look(),
    );
  };
  plan();
  return {
    touch: () => {
      idleSince = clock.now();
    },
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
};
