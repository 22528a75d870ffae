// How instances of a connection end before they do it themselves: their time is over, or acceptd stops.
import type { Ending, Lifetime } from '../model/daemon.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Instance, Runtime } from './running.ts';

/** What waits to end an instance: its time, or after that the patience with it. */
export type SavedEnd = { readonly at: Milliseconds; readonly isEnding: boolean };

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
  const pending = new Map<number, SavedEnd & { readonly cancel: () => void }>();

  const forget = (pid: number): void => {
    pending.get(pid)?.cancel();
    pending.delete(pid);
  };

  const plan = (pid: number, delay: Milliseconds, isEnding: boolean, act: () => void): void => {
    const at = milliseconds(clock.now() + delay);
    pending.set(pid, { at, isEnding, cancel: clock.after(delay, act) });
  };

  /** Ends an instance as its service says; it is not waited for. */
  const end = ({ pid }: Instance, { ending }: Lifetime): void => {
    forget(pid);
    beginEnd(pid, ending);
    if (ending.timeout !== undefined) planLast(pid, ending, ending.timeout);
  };

  const planLast = (pid: number, { mode, kills, finalSignal }: Ending, delay: Milliseconds): void => {
    if (!kills || mode === 'none') return;
    plan(pid, delay, true, () => {
      pending.delete(pid);
      send(pid, finalSignal, mode === 'process');
    });
  };

  const planEnd = (pid: number, lifetime: Lifetime, delay: Milliseconds): void =>
    plan(pid, delay, false, () => {
      const instance = instances.get(pid);
      if (instance !== undefined) end(instance, lifetime);
    });

  /** To be told of an instance that was started just now. */
  const begin = (pid: number, lifetime: Lifetime | undefined): void => {
    const longest = lifetime?.longest;
    if (lifetime !== undefined && longest !== undefined) planEnd(pid, lifetime, longest);
  };

  const save = (pid: number): SavedEnd | undefined => {
    const known = pending.get(pid);
    return known && { at: known.at, isEnding: known.isEnding };
  };

  const restore = (pid: number, lifetime: Lifetime | undefined, { at, isEnding }: SavedEnd): void => {
    const left = milliseconds(Math.max(0, at - clock.now()));
    if (lifetime === undefined) return;
    if (isEnding) planLast(pid, lifetime.ending, left);
    else planEnd(pid, lifetime, left);
  };

  return { begin, end, forget, save, restore };
};

export type Lifetimes = ReturnType<typeof createLifetimes>;
