// Waits for what nobody tells of: the tables of a running supervisor are looked at again and again.
import { setTimeout } from 'node:timers/promises';

const pause = 10;
const patience = 60_000;

/** Resolves when it is so, or when there is no more patience: what is asserted next says what is wrong. */
export const becomes = async (isSo: () => boolean): Promise<void> => {
  const until = performance.now() + patience;
  while (!isSo() && performance.now() < until) await setTimeout(pause);
};
