// How instances of a connection end before they do it themselves: their time is over, or acceptd stops.
import type { Ending, Lifetime } from '../model/daemon.ts';
import type { Instance, Runtime } from './running.ts';

/** To the whole session, or where it has none yet to the process alone; false when it is gone. */
const send = (pid: number, signal: number, isAlone: boolean): boolean => {
  for (const target of isAlone ? [pid] : [-pid, pid]) {
    try {
      process.kill(target, signal);
      return true;
    } catch {
      // gone, or between its clone and its setsid
    }
  }
  return false;
};

const hangup = 1;

/** What an ending tells the processes of an instance first. */
const beginEnd = (pid: number, { mode, signal, hangsUp }: Ending): void => {
  if (mode === 'none') return;
  const isAlone = mode !== 'control-group';
  send(pid, signal, isAlone);
  if (hangsUp) send(pid, hangup, isAlone);
};

export const createLifetimes = ({ clock, instances }: Pick<Runtime, 'clock' | 'instances'>) => {
  /** What waits to end an instance, by its pid. */
  const pending = new Map<number, () => void>();

  const forget = (pid: number): void => {
    pending.get(pid)?.();
    pending.delete(pid);
  };

  /** Ends an instance as its service says; it is not waited for. */
  const end = ({ pid }: Instance, { ending }: Lifetime): void => {
    forget(pid);
    beginEnd(pid, ending);
    const { mode, timeout, kills, finalSignal } = ending;
    if (timeout === undefined || !kills || mode === 'none') return;
    pending.set(
      pid,
      clock.after(timeout, () => {
        pending.delete(pid);
        send(pid, finalSignal, mode === 'process');
      }),
    );
  };

  /** To be told of an instance that was started just now. */
  const begin = (pid: number, lifetime: Lifetime | undefined): void => {
    const longest = lifetime?.longest;
    if (lifetime === undefined || longest === undefined) return;
    pending.set(
      pid,
      clock.after(longest, () => {
        const instance = instances.get(pid);
        if (instance !== undefined) end(instance, lifetime);
      }),
    );
  };

  return { begin, end, forget };
};

export type Lifetimes = ReturnType<typeof createLifetimes>;
