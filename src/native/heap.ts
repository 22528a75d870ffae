// The C library's memory, of which every thread wants a heap of its own.
import { openAddon } from './addon.ts';

const addon = openAddon<{ shareHeap(): number }>();

/**
 * Threads that have not allocated yet share one heap (mallopt(3), M_ARENA_MAX): worth about a MiB to a server, if it
 * is called before Node's threads have had anything to do.
 */
export const shareHeap = (): void => {
  addon.shareHeap();
};
