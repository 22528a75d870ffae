// The end of the running server: drained with a grace, or left at once with its instances going on.
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { countAnswers, type Runtime } from './running.ts';

/** After TERM, before KILL. */
const lastWords = milliseconds(2_000);

/** What has to be closed, by those who know how. */
export type Closing = {
  readonly closeListeners: () => void;
  readonly dismissVisitors: () => void;
  /** When nobody is answered any more. */
  readonly settle: () => Promise<void>;
};

export const createStop = (runtime: Runtime, { closeListeners, dismissVisitors, settle }: Closing) => {
  const { kernel, clock, observer, instances } = runtime;
  let hasLeft = false;

  const terminate = (signal: 'TERM' | 'KILL'): void => {
    if (instances.size === 0) return;
    observer.observe({ kind: 'terminating', instances: instances.size, signal });
    for (const pid of instances.keys()) kernel.kill(pid, `SIG${signal}`);
  };

  /** Resolves when nobody is answered any more, or after a while. */
  const untilIdle = (patience: Milliseconds): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        runtime.whenIdle = undefined;
        cancel();
        resolve();
      };
      const cancel = clock.after(patience, end);
      runtime.whenIdle = end;
      if (countAnswers(runtime) === 0) end();
    });

  const closeAll = (): void => {
    runtime.isDraining = true;
    runtime.shortage.cancel?.();
    dismissVisitors();
    closeListeners();
  };

  const stopBuiltins = (): void => {
    for (const stopBuiltin of [...runtime.builtins.keys()]) stopBuiltin();
  };

  const finish = async (): Promise<void> => {
    await settle();
    observer.observe({ kind: 'stopped' });
  };

  /** Accepts nothing more and closes all listeners; instances have `grace` to end, then TERM, then KILL. */
  const stop = async (grace: Milliseconds): Promise<void> => {
    closeAll();
    observer.observe({ kind: 'draining', instances: countAnswers(runtime), grace });
    await untilIdle(grace);
    if (hasLeft) return;
    stopBuiltins();
    terminate('TERM');
    await untilIdle(lastWords);
    if (hasLeft) return;
    terminate('KILL');
    await untilIdle(lastWords);
    if (!hasLeft) await finish();
  };

  /** Cuts the grace of a stop that is under way short. */
  const stopNow = (): void => runtime.whenIdle?.();

  /** Closes all listeners and goes at once; processes that answer go on without us. */
  const leave = async (): Promise<void> => {
    hasLeft = true;
    closeAll();
    stopBuiltins();
    // the end of a stop that is under way
    stopNow();
    await finish();
  };

  return { stop, stopNow, leave };
};
