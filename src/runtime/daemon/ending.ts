// Ends the processes of a run, as its kill mode has it, and says when nobody is left whose end is waited for.

import type { Run } from './run.ts';
import { sendSignal } from './signals.ts';

const hangup = 1;
const resume = 18;

const kinds = ['stop', 'restart', 'final', 'abort', 'reload'] as const;
export type SignalKind = (typeof kinds)[number];

const numberOf = (run: Run, how: SignalKind): number => {
  const { daemon, lifetime } = run.plan;
  switch (how) {
    case 'stop':
      return lifetime.ending.signal;
    case 'restart':
      return lifetime.ending.restartSignal ?? lifetime.ending.signal;
    case 'final':
      return lifetime.ending.finalSignal;
    case 'abort':
      return daemon.watchdogSignal;
    case 'reload':
      return daemon.reloadSignal;
  }
};

const toMain = ({ main, members }: Run, signal: number): void => {
  if (main !== undefined) members.signalOne(main, signal);
};

/** To whom it goes; nothing where the mode says that nobody is to be signalled. */
const senderOf = (run: Run, how: SignalKind): ((signal: number) => void) => {
  if (how === 'reload') return (signal) => toMain(run, signal);
  switch (run.plan.lifetime.ending.mode) {
    case 'none':
      return () => undefined;
    case 'process':
      return (signal) => toMain(run, signal);
    case 'mixed':
      return how === 'final' ? (signal) => run.members.signal(signal) : (signal) => toMain(run, signal);
    case 'control-group':
      return (signal) => run.members.signal(signal);
  }
};

export const signalRun = (run: Run, how: SignalKind): void => {
  const send = senderOf(run, how);
  send(numberOf(run, how));
  if (how !== 'stop' && how !== 'restart') return;
  if (run.plan.lifetime.ending.hangsUp) send(hangup);
  // who is stopped hears of nothing but SIGKILL
  send(resume);
};

/** A command with all that it has started. */
export const killCommand = (pid: number): void => {
  if (!sendSignal(-pid, 9)) sendSignal(pid, 9);
};

/** Whether an end is over. In mixed mode the rest of the processes goes with the main one. */
export const isOver = (run: Run): boolean => {
  switch (run.plan.lifetime.ending.mode) {
    case 'none':
      return true;
    case 'process':
      return run.main === undefined;
    case 'mixed':
      if (run.main !== undefined) return false;
      signalRun(run, 'final');
      return run.members.look().length === 0;
    case 'control-group':
      // a main process that has ended and is not reaped is none of the living, and its end is still to be told
      return run.main === undefined && run.members.look().length === 0;
  }
};
