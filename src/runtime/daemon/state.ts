// The states of a daemon, what happens to it and what is to be done then: the words of the table in step.ts.
import type { Daemon, DaemonType } from '../../model/daemon.ts';

/** Commands of a daemon that run one after the other beside its main process. */
export type CommandList = 'startBefore' | 'startAfter' | 'reload' | 'stop' | 'stopAfter';

/** What the table has to know of a daemon. */
export type Shape = Readonly<Record<CommandList, number>> & {
  readonly type: DaemonType;
  /** ExecStart= and those that follow it. */
  readonly starts: number;
  readonly remainsAfterExit: boolean;
  /** Whether a process that does not go is killed. */
  readonly kills: boolean;
};

export const shapeOf = (daemon: Daemon, kills: boolean): Shape => ({
  type: daemon.type,
  starts: 1 + daemon.furtherStarts.length,
  remainsAfterExit: daemon.remainsAfterExit,
  kills,
  startBefore: daemon.startBefore.length,
  startAfter: daemon.startAfter.length,
  reload: daemon.reload.length,
  stop: daemon.stop.length,
  stopAfter: daemon.stopAfter.length,
});

export type DaemonState =
  /** Its listeners are watched; the first client starts it. */
  | { readonly kind: 'off' }
  /** Clients wait in the kernel's queue. */
  | { readonly kind: 'pausing'; readonly starts: boolean }
  /** `at`: which command of the stage. */
  | { readonly kind: 'starting'; readonly stage: 'before' | 'main' | 'after'; readonly at: number }
  | { readonly kind: 'running' }
  /** Its process has ended and it counts as running all the same (RemainAfterExit=). */
  | { readonly kind: 'remaining' }
  | { readonly kind: 'reloading'; readonly stage: 'awaited' | 'commands'; readonly at: number }
  /**
   * Commands, a signal, the last signal, and what runs when all has ended; `aborting` after a watchdog's signal.
   * `restarts`: it is started again at once then.
   */
  | {
      readonly kind: 'stopping';
      readonly stage: 'commands' | 'aborting' | 'signalled' | 'killed' | 'after';
      readonly at: number;
      readonly restarts: boolean;
    };

export type DaemonEvent =
  /** It may start now. */
  | { readonly kind: 'start' }
  /** It must wait before the next start. */
  | { readonly kind: 'pause'; readonly starts: boolean }
  /** The command beside the main process has ended. */
  | { readonly kind: 'command-ended'; readonly isWell: boolean }
  | { readonly kind: 'main-ended'; readonly isWell: boolean }
  /** Another one of its processes has ended. */
  | { readonly kind: 'process-ended' }
  /** It takes connections, or has reloaded. */
  | { readonly kind: 'ready' }
  /** It will not come up: no process could be made, or what was awaited cannot come any more. */
  | { readonly kind: 'start-failed' }
  | { readonly kind: 'reload' }
  /** It has begun to reload by itself. */
  | { readonly kind: 'reloading-itself' }
  /** It has begun to end by itself. */
  | { readonly kind: 'stopping-itself' }
  | { readonly kind: 'stop'; readonly restarts: boolean }
  /** The watchdog has not heard of it. */
  | { readonly kind: 'abort' }
  /** The deadline that was set last is over. */
  | { readonly kind: 'timeout' }
  /** None of the processes is left that an end waits for. */
  | { readonly kind: 'empty' };

export type Deadline = 'start' | 'reload' | 'stop' | 'abort' | 'pause';

export type DaemonAction =
  /** A run begins: it gets its listeners, a notify socket, a number in the start limit. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'run'; readonly list: CommandList; readonly at: number }
  /** The main process; the first, or one of further starts. */
  | { readonly kind: 'spawn'; readonly at: number }
  /** Takes the place of the deadline before it. */
  | { readonly kind: 'deadline'; readonly of: Deadline | undefined }
  | { readonly kind: 'signal'; readonly how: 'stop' | 'restart' | 'final' | 'abort' | 'reload' }
  /** Ends the command that runs. */
  | { readonly kind: 'end-command' }
  /** Looks whether processes are left, now that one has ended. */
  | { readonly kind: 'look' }
  | { readonly kind: 'tell-ready' }
  | { readonly kind: 'tell-reloaded'; readonly isWell: boolean }
  /** Nothing is left of the run: what follows is to be decided. */
  | { readonly kind: 'settle'; readonly restarts: boolean }
  /** A pause is over. */
  | { readonly kind: 'resume'; readonly starts: boolean };

export type Step = { readonly state: DaemonState; readonly actions: readonly DaemonAction[] };

/** It takes connections. */
export const isUp = ({ kind }: DaemonState): boolean => kind === 'running' || kind === 'reloading';
export const isAwaited = (state: DaemonState): boolean => state.kind === 'starting' && state.stage === 'main';
/** No run goes on. */
export const isOff = ({ kind }: DaemonState): boolean => kind === 'off' || kind === 'pausing';
