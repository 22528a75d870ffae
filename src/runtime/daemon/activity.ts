// Does a running daemon have anything to do? Connections, who waits, and where there are none of these what it does itself.
import { readFileSync } from 'node:fs';
import { isAccepting } from '../../model/address.ts';
import { SystemError } from '../../native/addon.ts';
import { askConnections } from '../../native/flows.ts';
import type { Runtime } from '../running.ts';
import { boundAddresses } from './lending.ts';
import type { Run } from './run.ts';

/** How often a process went to sleep: it has slept once more since it took a datagram. */
const sleepsOf = (pid: number | undefined): number => {
  if (pid === undefined) return 0;
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  } catch {
    // it has ended
    return 0;
  }
};

/** `onBlind` is called once where the kernel does not tell: then it counts as busy for ever. */
export const createActivity = (
  runtime: Runtime,
  run: Run,
  countHolds: () => number,
  onBlind: (error: SystemError) => void,
) => {
  const hasDatagrams = run.listeners.some(({ address }) => !isAccepting(address));
  let sleeps = hasDatagrams ? sleepsOf(run.main) : 0;
  let isBlind = false;

  const isConnected = async (): Promise<boolean> => {
    try {
      return (await askConnections(boundAddresses(runtime, run.listeners))) > 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (!isBlind) onBlind(error);
      isBlind = true;
      return true;
    }
  };

  const isSomebodyWaiting = (): boolean =>
    run.listeners.some(
      ({ descriptor }) => descriptor !== undefined && runtime.kernel.queueLength(descriptor) > 0,
    );

  /** Datagrams have no connections. A server that wakes up by itself all the time is never idle. */
  const hasMoved = (): boolean => {
    if (!hasDatagrams) return false;
    const now = sleepsOf(run.main);
    const moved = now !== sleeps;
    sleeps = now;
    return moved;
  };

  const isBusyHere = (): boolean => countHolds() > 0 || isSomebodyWaiting();

  // who comes while the kernel counts may be in no answer: the queue is looked at last
  return async (): Promise<boolean> =>
    [hasMoved(), isBusyHere()].some(Boolean) || (await isConnected()) || isBusyHere();
};
