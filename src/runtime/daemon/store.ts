// Descriptors that a daemon has given into our keeping (FDSTORE=1), for its next start.
import type { Descriptor } from '../../model/descriptor.ts';
import { isDescriptorName } from '../../model/notify-message.ts';
import type { Kernel } from '../../native/kernel.ts';
import { isSameFile } from '../../native/notify.ts';

export type Stored = { readonly descriptor: Descriptor; readonly name: string };

/** What became of the descriptors of one message: `known` ones were there already. */
export type Storing = { readonly kept: number; readonly known: number; readonly refused: number };

export type SavedStore = readonly (Stored & { readonly isPolled: boolean })[];

const nameless = 'stored';

/**
 * Keeps at most `limit` descriptors. `onLost` hears of one whose other end has gone, which is dropped then; so is
 * nothing that was not to be polled (FDPOLL=0).
 */
export const createStore = (
  kernel: Kernel,
  limit: number,
  onLost: (name: string) => void = () => undefined,
) => {
  const stored = new Map<Descriptor, string>();
  const unpolled = new Set<Descriptor>();

  const drop = (descriptor: Descriptor): void => {
    stored.delete(descriptor);
    unpolled.delete(descriptor);
    kernel.close(descriptor);
  };

  const poll = (descriptor: Descriptor, name: string): void => {
    try {
      kernel.watch(
        descriptor,
        () => {
          drop(descriptor);
          onLost(name);
        },
        'hangup',
      );
    } catch {
      // EPERM: a file has no other end
    }
  };

  const addOne = (descriptor: Descriptor, name: string, isPolled: boolean): keyof Storing => {
    if ([...stored.keys()].some((each) => isSameFile(each, descriptor))) {
      kernel.close(descriptor);
      return 'known';
    }
    if (stored.size >= limit) {
      kernel.close(descriptor);
      return 'refused';
    }
    stored.set(descriptor, name);
    if (isPolled) poll(descriptor, name);
    else unpolled.add(descriptor);
    return 'kept';
  };

  return {
    /** Takes all of these descriptors. A name that cannot stand in LISTEN_FDNAMES is as none. */
    add: (descriptors: readonly Descriptor[], name: string | undefined, isPolled: boolean): Storing => {
      const valid = name !== undefined && isDescriptorName(name) ? name : nameless;
      const counts = { kept: 0, known: 0, refused: 0 };
      for (const each of descriptors) counts[addOne(each, valid, isPolled)]++;
      return counts;
    },

    /** Gives up all of this name; how many there were. */
    remove: (name: string): number => {
      const found = [...stored].filter(([, each]) => each === name);
      for (const [descriptor] of found) drop(descriptor);
      return found.length;
    },

    /** In the order in which they came; they stay here and stay ours. */
    list: (): readonly Stored[] => [...stored].map(([descriptor, name]) => ({ descriptor, name })),

    save: (): SavedStore =>
      [...stored].map(([descriptor, name]) => ({ descriptor, name, isPolled: !unpolled.has(descriptor) })),
    restore: (saved: SavedStore): void => {
      for (const { descriptor, name, isPolled } of saved) {
        stored.set(descriptor, name);
        if (isPolled) poll(descriptor, name);
        else unpolled.add(descriptor);
      }
    },

    closeAll: (): void => {
      for (const descriptor of [...stored.keys()]) drop(descriptor);
    },
  };
};

export type Store = ReturnType<typeof createStore>;
