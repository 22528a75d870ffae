// The end of the running server: drained with a grace, or left at once with its instances going on.
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Daemons } from './daemon/daemons.ts';
import { countAnswers, listAnswers, type Runtime } from './running.ts';

/** After TERM, before KILL. */
const lastWords = milliseconds(2_000);

/** What has to be closed, by those who know how. */
export type Closing = {
  readonly closeListeners: () => void;
  readonly dismissVisitors: () => void;
  readonly daemons: Pick<Daemons, 'stop' | 'kill'>;
  /** When nobody is answered any more. */
  readonly settle: () => Promise<void>;
};

export const createStop = (
  runtime: Runtime,
  { closeListeners, dismissVisitors, daemons, settle }: Closing,
) => {
  const { kernel, clock, observer, instances } = runtime;
  let hasLeft = false;
  let isHurried = false;
  let onLeft = (): void => undefined;
  const untilLeft = new Promise<void>((resolve) => {
    onLeft = resolve;
  });

  let endDelay = (): void => undefined;

  /** Listeners stay open until whoever sends clients here has learnt of the end. */
  const untilTold = (delay: Milliseconds): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.after(delay, end);
      endDelay = end;
    });

  const terminate = (signal: 'TERM' | 'KILL'): void => {
    const answers = listAnswers(instances);
    if (answers.length === 0) return;
    observer.observe({ kind: 'terminating', instances: answers.length, signal });
    for (const { pid } of answers) kernel.kill(pid, `SIG${signal}`);
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

  /**
   * Goes on for `delay`; then accepts nothing more and closes all listeners, and instances have `drain` to end, then
   * TERM, then KILL.
   */
  const stop = async (drain: Milliseconds, delay = milliseconds(0)): Promise<void> => {
    if (delay > 0) {
      observer.observe({ kind: 'stop-announced', delay });
      await untilTold(delay);
      if (hasLeft) return;
    }
    const grace = isHurried ? milliseconds(0) : drain;
    closeAll();
    observer.observe({ kind: 'draining', instances: countAnswers(runtime), grace });
    const servers = daemons.stop('servers', grace);
    await untilIdle(grace);
    if (hasLeft) return;
    stopBuiltins();
    const backends = daemons.stop('backends', grace);
    terminate('TERM');
    await untilIdle(lastWords);
    if (hasLeft) return;
    terminate('KILL');
    await untilIdle(lastWords);
    if (hasLeft) return;
    await Promise.race([Promise.all([servers, backends]), untilLeft]);
    if (!hasLeft) await finish();
  };

  /** Cuts the delay and the grace of a stop that is under way short. */
  const stopNow = (): void => {
    endDelay();
    runtime.whenIdle?.();
    // once more: they have been asked to end when the stop began
    if (isHurried) daemons.kill();
    isHurried = true;
  };

  /** Closes all listeners and goes at once; processes that answer go on without us. */
  const leave = async (): Promise<void> => {
    hasLeft = true;
    closeAll();
    stopBuiltins();
    // the end of a stop that is under way
    endDelay();
    runtime.whenIdle?.();
    onLeft();
    await finish();
  };

  return { stop, stopNow, leave };
};
