// The notify socket of a daemon: one for all its runs, so that a start need not make one, and NOTIFY_SOCKET is always the same.
import type { Descriptor } from '../../model/descriptor.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';
import { openNotify, receiveNotify } from '../../native/notify.ts';

export type OpenNotifySocket = { readonly descriptor: Descriptor; readonly address: string };

/** In one turn of the loop. */
const batch = 32;

export const createNotifySocket = (kernel: Kernel) => {
  let open: OpenNotifySocket | undefined;

  /** Whoever of a former run has still something to say is not heard: before the first process of the next one starts. */
  const discard = (): void => {
    if (open === undefined) return;
    try {
      for (let count = 0; count < batch; count++) {
        const receipt = receiveNotify(open.descriptor);
        if (receipt === undefined) return;
        for (const each of receipt.descriptors) kernel.close(each);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  };

  let read = discard;

  return {
    discard,
    /** undefined while there is none. */
    address: (): string | undefined => open?.address,
    /**
     * From here on `reader` is called when there are messages. `existing`: what a run that goes on has already. Throws
     * SystemError when there is no socket to be had.
     */
    take: (reader: () => void, existing?: OpenNotifySocket): OpenNotifySocket => {
      if (open === undefined) {
        open = existing ?? openNotify(kernel);
        kernel.watch(open.descriptor, () => read());
      }
      read = reader;
      return open;
    },
    /** Until the next run. */
    rest: (): void => {
      read = discard;
    },
    /** At the end of the last one. */
    close: (): void => {
      if (open !== undefined) kernel.close(open.descriptor);
      open = undefined;
    },
  };
};

export type NotifySocket = ReturnType<typeof createNotifySocket>;
