// Takes clients of the control sockets from the kernel, no more than a few at once, and gives them to the HTTP server,
// which is loaded for the first of them: a server that nobody asks anything does without it.
import type { Clock } from '../../model/clock.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { seconds } from '../../model/quantity.ts';
import { SystemError } from '../../native/addon.ts';
import type { Accepted, Kernel } from '../../native/kernel.ts';
import type { Caller } from './access.ts';

/** Speaks with one client until `onClosed`; the descriptor is the front's from here on. */
export type Front = {
  readonly take: (descriptor: Descriptor, caller: Caller, isSurplus: boolean, onClosed: () => void) => void;
};

export type IntakeLimits = {
  /** Clients at once. */
  readonly connections: number;
  /** Of those, how many may be anybody but the owner, who can always get in to see what goes on. */
  readonly others: number;
  /** Those beyond, who are told so; who comes then is closed at once. */
  readonly surplus: number;
};

const batch = 16;
/** Before clients are accepted again when there were no descriptors. */
const pause = seconds(1);

export const createIntake = (
  kernel: Pick<Kernel, 'watch' | 'unwatch' | 'accept' | 'close' | 'tryRaise'>,
  clock: Clock,
  limits: IntakeLimits,
  loadFront: () => Promise<Front>,
  onFailed: (error: unknown) => void,
) => {
  let all = 0;
  let others = 0;
  let surplus = 0;
  let isEnded = false;
  let front: Promise<Front> | undefined;
  let isPaused = false;
  /** Accepted, and not with the front yet. */
  let giving = 0;
  const doors: { readonly open: () => void; readonly shut: () => void }[] = [];

  const give = async (
    descriptor: Descriptor,
    caller: Caller,
    isSurplus: boolean,
    onClosed: () => void,
  ): Promise<void> => {
    front ??= loadFront();
    const loading = front;
    let loaded: Front | undefined;
    giving += 1;
    try {
      loaded = await loading;
      loaded.take(descriptor, caller, isSurplus, onClosed);
    } catch (error) {
      // with few descriptors left, reading our own files may fail; the next client may have more luck
      if (loaded === undefined && front === loading) front = undefined;
      kernel.close(descriptor);
      onClosed();
      onFailed(error);
    } finally {
      giving -= 1;
    }
  };

  const admit = ({ descriptor: low }: Accepted, caller: Caller): void => {
    const isOwner = caller.role === 'owner';
    const isFull = all >= limits.connections || (!isOwner && others >= limits.others);
    if (isFull && surplus >= limits.surplus) {
      kernel.close(low);
      return;
    }
    const descriptor = kernel.tryRaise(low);
    if (isFull) {
      surplus += 1;
      void give(descriptor, caller, true, () => {
        surplus -= 1;
      });
      return;
    }
    all += 1;
    if (!isOwner) others += 1;
    void give(descriptor, caller, false, () => {
      all -= 1;
      if (!isOwner) others -= 1;
    });
  };

  /** Watches a listener, which is whoever's opened it; the clients are ours. */
  const serve = (listener: Descriptor, identify: (client: Accepted) => Caller): void => {
    const accept = (): void => {
      try {
        for (const client of kernel.accept(listener, batch)) admit(client, identify(client));
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        // out of descriptors: the services need those that become free more than we do
        shut();
        clock.after(pause, open);
      }
    };
    let isOpen = false;
    const shut = (): void => {
      if (isOpen) kernel.unwatch(listener);
      isOpen = false;
    };
    const open = (): void => {
      if (isOpen || isEnded || isPaused) return;
      isOpen = true;
      kernel.watch(listener, accept);
    };
    open();
    doors.push({ open, shut });
  };

  return {
    serve,
    isQuiet: (): boolean => giving === 0,
    /** Who comes waits in the kernel's queue. */
    pause: (): void => {
      isPaused = true;
      for (const { shut } of doors) shut();
    },
    resume: (): void => {
      isPaused = false;
      for (const { open } of doors) open();
    },
    /** Nobody is accepted any more. */
    end: (): void => {
      isEnded = true;
      for (const { shut } of doors) shut();
    },
  };
};
