// Opens a connection to the first of several addresses that answers in time.
import type { ConnectAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, showDuration } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import { beginConnect, connectProgress, showTarget } from '../native/relay.ts';
import type { Surface } from './surface.ts';

/** `failures` has one for each address that was tried. */
export type Outcome =
  | { readonly kind: 'connected'; readonly descriptor: Descriptor }
  | { readonly kind: 'failed'; readonly failures: readonly SystemError[] };

type Means = Pick<Surface, 'kernel' | 'clock'>;
type Undo = () => void;

const nothing: Undo = () => undefined;

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
  let undo = nothing;
  const tryFrom = (index: number): void => {
    const target = targets[index];
    if (target === undefined) {
      onDone({ kind: 'failed', failures });
      return;
    }
    let isDone = false;
    const undoThis = attempt(means, target, patience, (result) => {
      isDone = true;
      undo = nothing;
      if (typeof result === 'number') {
        onDone({ kind: 'connected', descriptor: result });
      } else {
        failures.push(result);
        tryFrom(index + 1);
      }
    });
    if (!isDone) undo = undoThis;
  };
  tryFrom(0);
  return () => undo();
};
