// Opens a connection to the first of several addresses that answers in time, again and again where that is wanted.
import type { ConnectAddress } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Failure } from '../model/event.ts';
import { type Milliseconds, milliseconds, showDuration } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import { beginConnect, connectProgress, showTarget } from '../native/relay.ts';
import { createSteps, nothing, type Undo } from './steps.ts';
import type { Surface } from './surface.ts';

/** `failures` has one for each address that was tried. */
export type Outcome =
  | { readonly kind: 'connected'; readonly descriptor: Descriptor }
  | { readonly kind: 'failed'; readonly failures: readonly SystemError[] }
  /** The server that was to be started did not come up. */
  | { readonly kind: 'down'; readonly failure: Failure };

type Means = Pick<Surface, 'kernel' | 'clock'>;

const systemErrorOf = (error: unknown): SystemError => {
  if (!(error instanceof SystemError)) throw error;
  return error;
};

/** One address. `onDone` is called once, on this machine most often before this returns; the socket is the caller's then. */
const attempt = (
  { kernel, clock }: Means,
  target: ConnectAddress,
  patience: Milliseconds,
  onDone: (result: Descriptor | SystemError) => void,
): Undo => {
  let descriptor: Descriptor;
  try {
    descriptor = beginConnect(target);
  } catch (error) {
    onDone(systemErrorOf(error));
    return nothing;
  }
  let cancel = nothing;
  const stopWaiting = (): void => {
    cancel();
    kernel.unwatch(descriptor);
  };
  const fail = (failure: SystemError): void => {
    stopWaiting();
    kernel.close(descriptor);
    onDone(failure);
  };
  const isDecided = (): boolean => {
    const progress = connectProgress(descriptor, target);
    if (progress === 'under way') return false;
    if (progress === 'connected') {
      stopWaiting();
      onDone(descriptor);
    } else {
      fail(progress);
    }
    return true;
  };
  if (isDecided()) return nothing;
  // what stands low for so long makes each start of a handler dearer (native/spawn.hh)
  descriptor = kernel.tryRaise(descriptor);
  cancel = clock.after(patience, () => {
    const reason = `no answer within ${showDuration(patience)}`;
    fail(new SystemError(`connect to ${showTarget(target)}`, 'ETIMEDOUT', reason));
  });
  try {
    kernel.watch(descriptor, isDecided, 'writable');
  } catch (error) {
    fail(systemErrorOf(error));
    return nothing;
  }
  return () => {
    stopWaiting();
    kernel.close(descriptor);
  };
};

/**
 * Tries the addresses one after the other, each for so long; one that refuses is passed over at once. `onDone` is called
 * once, perhaps before this returns; what this gives takes the attempt back, and then it is not called.
 */
export const connectFirst = (
  means: Means,
  targets: readonly ConnectAddress[],
  patience: Milliseconds,
  onDone: (outcome: Outcome) => void,
): Undo => {
  const failures: SystemError[] = [];
  const steps = createSteps();
  const tryFrom = (index: number): void => {
    const target = targets[index];
    if (target === undefined) {
      onDone({ kind: 'failed', failures });
      return;
    }
    steps.begin(() =>
      attempt(means, target, patience, (result) => {
        if (typeof result === 'number') {
          onDone({ kind: 'connected', descriptor: result });
        } else {
          failures.push(result);
          tryFrom(index + 1);
        }
      }),
    );
  };
  tryFrom(0);
  return steps.undo;
};

/** For how long each address is waited for, and for how long all are tried again where nobody is there. */
export type Patience = {
  readonly timeout: Milliseconds;
  readonly retryFor: Milliseconds;
  /** Between two tries at most; absent: what a client hardly notices. */
  readonly longestPause?: Milliseconds;
};

const shortestPause = milliseconds(5);
const usualPause = milliseconds(250);

/** A server that is still coming up, or was restarted, may answer next time. */
const mayCome = ({ code }: SystemError): boolean =>
  ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code);
/** A unix socket's queue is full: what a blocking connect(2) would wait for. */
const isFull = ({ code }: SystemError): boolean => code === 'EAGAIN';

/** When a next try makes no sense any more; from `begin` on. */
const lastMoment = (begin: number, failures: readonly SystemError[], patience: Patience): number =>
  begin +
  Math.max(
    failures.some((failure) => mayCome(failure) || isFull(failure)) ? patience.retryFor : 0,
    failures.some(isFull) ? patience.timeout : 0,
  );

/** Calls `attempt` until it gives a connection, or a failure after which no other try is worth it; pauses grow. */
export const connectAgain = (
  clock: Clock,
  patience: Patience,
  attempt: (onDone: (outcome: Outcome) => void) => Undo,
  onDone: (outcome: Outcome) => void,
): Undo => {
  const begin = clock.now();
  const steps = createSteps();
  let pause = shortestPause;
  const tryOnce = (): Undo =>
    attempt((outcome) => {
      const left =
        outcome.kind === 'failed' ? lastMoment(begin, outcome.failures, patience) - clock.now() : 0;
      if (left <= 0) {
        onDone(outcome);
        return;
      }
      const delay = milliseconds(Math.min(pause, left));
      steps.begin(() => clock.after(delay, () => steps.begin(tryOnce)));
      pause = milliseconds(Math.min(pause * 2, patience.longestPause ?? usualPause));
    });
  steps.begin(tryOnce);
  return steps.undo;
};
