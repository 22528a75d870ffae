// Takes the name that a tcpmux client asks for from its connection, and not one byte of what follows it.
import type { Descriptor } from '../../model/descriptor.ts';
import type { Kernel } from '../../native/kernel.ts';

/** RFC 1078: at most 256 characters and CRLF. What has no end by then is a name that nobody has. */
const longestLine = 258;
const linefeed = 10;
const carriageReturn = 13;

/** `maybe`: complete unless the next byte is the LF of a CRLF that has not come yet. */
export type MuxName =
  | { readonly kind: 'name' | 'maybe'; readonly name: string }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken' };

/** What has been said of it: one character a byte, because a piece may end within a character. */
export type NameProgress = { taken: string; sawReturn: boolean };

const line = Buffer.alloc(longestLine);

/** LF, CR, NUL end a name; so does the end of file. */
const isEnd = (byte: number): boolean => byte === linefeed || byte === carriageReturn || byte === 0;

/** One look takes what there is of the name. Bytes are peeked at first, so what comes after it stays for the member. */
export const createNameReader = (
  kernel: Kernel,
  progress: NameProgress = { taken: '', sawReturn: false },
): ((descriptor: Descriptor) => MuxName) => {
  const name = (): string => Buffer.from(progress.taken, 'latin1').toString();

  const skipLinefeed = (descriptor: Descriptor): MuxName => {
    const length = kernel.read(descriptor, line.subarray(0, 1), 'peek');
    if (length === undefined) return { kind: 'maybe', name: name() };
    if (length === 1 && line[0] === linefeed) kernel.read(descriptor, line.subarray(0, 1), 'take');
    return { kind: 'name', name: name() };
  };

  return (descriptor) => {
    while (!progress.sawReturn && progress.taken.length < longestLine) {
      const length = kernel.read(descriptor, line.subarray(0, longestLine - progress.taken.length), 'peek');
      if (length === undefined) return { kind: 'more' };
      if (length < 0) return { kind: 'broken' };
      if (length === 0) return { kind: 'name', name: name() };
      const end = line.subarray(0, length).findIndex(isEnd);
      const last = end < 0 ? undefined : line[end];
      progress.taken += line.toString('latin1', 0, end < 0 ? length : end);
      kernel.read(descriptor, line.subarray(0, end < 0 ? length : end + 1), 'take');
      progress.sawReturn = last === carriageReturn;
      if (last !== undefined && !progress.sawReturn) return { kind: 'name', name: name() };
    }
    return progress.sawReturn ? skipLinefeed(descriptor) : { kind: 'name', name: name() };
  };
};
