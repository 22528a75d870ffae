// Where log records go: written without ever waiting for the reader, bounded, and what does not fit is counted.
import { fstatSync, write } from 'node:fs';
import type { Descriptor, Kernel } from '../native.ts';

/** Records that may wait for a reader that is slow. */
const mostWaiting = 1_048_576;

export type LogSink = {
  /** One whole record with its newline. */
  readonly write: (record: string) => void;
  /** Records that were lost since this was last asked. */
  readonly takeDropped: () => number;
  /** Everything is written, or the reader did not take it for so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
};

/** How bytes leave: how many were taken at once, or undefined and later a call of `onRoom`. */
type Outlet = (bytes: Uint8Array, onRoom: (taken: number) => void) => number | undefined;

/** Pipes, sockets and terminals: tried at once, and again when epoll says that there is room. */
const pollableOutlet =
  (kernel: Kernel, descriptor: Descriptor): Outlet =>
  (bytes, onRoom) => {
    const taken = kernel.write(descriptor, bytes);
    // a reader that is gone takes everything, as /dev/null would
    if (taken === -1) return bytes.length;
    if (taken !== undefined) return taken;
    kernel.watch(
      descriptor,
      () => {
        kernel.unwatch(descriptor);
        onRoom(0);
      },
      'writable',
    );
    return undefined;
  };

/** Files: a disk may be slow, so libuv's threads write. */
const fileOutlet =
  (descriptor: Descriptor): Outlet =>
  (bytes, onRoom) => {
    write(descriptor, bytes, 0, bytes.length, null, (error, taken) =>
      onRoom(error === null ? taken : bytes.length),
    );
    return undefined;
  };

export const openLogSink = (kernel: Kernel, descriptor: Descriptor): LogSink => {
  const outlet = fstatSync(descriptor).isFile() ? fileOutlet(descriptor) : pollableOutlet(kernel, descriptor);
  let waiting: Uint8Array[] = [];
  let size = 0;
  let dropped = 0;
  let isBusy = false;
  let whenEmpty: (() => void) | undefined;

  const forget = (taken: number): void => {
    size -= taken;
    let left = taken;
    while (left > 0) {
      const [first] = waiting;
      if (first === undefined) return;
      if (first.length > left) {
        waiting[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      waiting.shift();
    }
  };

  const pump = (): void => {
    while (!isBusy && waiting.length > 0) {
      if (waiting.length > 1) waiting = [Buffer.concat(waiting)];
      const [bytes] = waiting;
      if (bytes === undefined) break;
      isBusy = true;
      const taken = outlet(bytes, (later) => {
        isBusy = false;
        forget(later);
        pump();
      });
      if (taken === undefined) return;
      isBusy = false;
      forget(taken);
    }
    if (waiting.length === 0) whenEmpty?.();
  };

  return {
    write: (record) => {
      const bytes = Buffer.from(record);
      if (size + bytes.length > mostWaiting) {
        dropped += 1;
        return;
      }
      waiting.push(bytes);
      size += bytes.length;
      pump();
    },
    takeDropped: () => {
      const count = dropped;
      dropped = 0;
      return count;
    },
    flush: (patience) =>
      new Promise((resolve) => {
        if (waiting.length === 0) return resolve();
        const timer = setTimeout(resolve, patience);
        whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
};
