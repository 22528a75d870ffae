// Commands of hosts.allow and hosts.deny that run beside the handlers: started like them, bounded in number, ended in time.
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { RecipeRequest } from '../model/recipe.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { Ended, Kernel } from '../native/kernel.ts';

/** Of all services together; who comes while as many run has no command run for it, and one that should decide fails. */
const mostCommands = 64;

export type ShellCommands = {
  /**
   * Whether the command has succeeded: exit status 0 within its time, if it has a limit. The connection stays the
   * caller's; the command does not get it.
   */
  readonly run: (
    request: RecipeRequest,
    connection: Descriptor,
    record: ConnectionRecord | undefined,
    limit: Milliseconds | undefined,
  ) => Promise<boolean>;
  /** Another errand of acceptd itself; its pid. `onEnded` is told of its end. Throws SystemError. */
  readonly start: (request: RecipeRequest, onEnded: (ended: Ended) => void) => number;
  /** To be told of every child that has ended; true for one of ours. */
  readonly onEnded: (ended: Ended) => boolean;
  readonly count: () => number;
  readonly has: (pid: number) => boolean;
  readonly pids: () => readonly number[];
  /** Ends all that run. */
  readonly stop: () => void;
};

export const createShellCommands = ({
  kernel,
  clock,
}: {
  readonly kernel: Pick<Kernel, 'compileRecipe' | 'spawn' | 'kill' | 'standardError'>;
  readonly clock: Clock;
}): ShellCommands => {
  const running = new Map<number, (ended: Ended) => void>();

  const runOne: ShellCommands['run'] = (request, connection, record, limit) =>
    new Promise((resolve) => {
      const pid = kernel.spawn(kernel.compileRecipe(request), connection, record, 'keep');
      // its whole session: a shell has children
      const cancel =
        limit === undefined ? undefined : clock.after(limit, () => void kernel.kill(pid, 'SIGKILL'));
      running.set(pid, ({ status, failure }) => {
        cancel?.();
        resolve(failure === undefined && status === 0);
      });
    });

  return {
    run: async (request, connection, record, limit) => {
      if (running.size >= mostCommands) return false;
      try {
        return await runOne(request, connection, record, limit);
      } catch (error) {
        // no process can be made now
        if (!(error instanceof SystemError)) throw error;
        return false;
      }
    },
    start: (request, onEnded) => {
      const { standardError } = kernel;
      const pid = kernel.spawn(kernel.compileRecipe(request), standardError, undefined, 'keep');
      running.set(pid, onEnded);
      return pid;
    },
    onEnded: (ended) => {
      const end = running.get(ended.pid);
      if (end === undefined) return false;
      running.delete(ended.pid);
      end(ended);
      return true;
    },
    count: () => running.size,
    has: (pid) => running.has(pid),
    pids: () => [...running.keys()],
    stop: () => {
      for (const pid of running.keys()) kernel.kill(pid, 'SIGKILL');
    },
  };
};
