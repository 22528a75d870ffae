// What is at the path of a log file: opened for appending, on libuv's threads, because a disk may be slow or gone.
import { constants, fstat, open, type Stats } from 'node:fs';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import type { Kernel } from '../native/kernel.ts';

export type LogTarget = {
  readonly descriptor: Descriptor;
  /** A pipe or socket is not waited for: its reader may never come. A device may be slow, as a file. */
  readonly isPipe: boolean;
  readonly inode: number;
  /** False of the descriptors that acceptd was started with. */
  readonly isOurs: boolean;
  size: number;
};

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
/** O_NONBLOCK: a FIFO without a reader must not hold a thread. */
const appending = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY;

/** The part of the kernel that a log needs. */
export type LogKernel = Pick<Kernel, 'write' | 'tryRaise' | 'close'>;

const targetOf = (descriptor: Descriptor, found: Stats, isOurs: boolean): LogTarget => ({
  descriptor,
  isOurs,
  isPipe: found.isFIFO() || found.isSocket(),
  inode: found.ino,
  size: found.isFile() ? found.size : 0,
});

/** Where these are sockets, or somebody else's, they cannot be opened, and yet be written. */
const inherited: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

export const openTarget = (
  kernel: LogKernel,
  path: string,
  take: (opened: LogTarget | NodeJS.ErrnoException) => void,
): void => {
  const describe = (descriptor: Descriptor, isOurs: boolean): void =>
    fstat(descriptor, (error, found) => {
      if (error !== null && isOurs) kernel.close(descriptor);
      take(error ?? targetOf(descriptor, found, isOurs));
    });
  open(path, appending, 0o644, (error, number) => {
    const given = inherited.get(path);
    if (error === null) describe(kernel.tryRaise(descriptorOf(number)), true);
    else if (given !== undefined) describe(descriptorOf(given), false);
    else take(error);
  });
};
