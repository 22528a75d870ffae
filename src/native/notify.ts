// The notify socket: what daemons tell of their state, who tells it and with which descriptors; and what acceptd tells.
import { constants } from 'node:os';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, failed, openAddon, SystemError } from './addon.ts';
import { inspectSocket } from './inspect.ts';
import type { Kernel } from './kernel.ts';

const addon = openAddon<{
  openNotify(): number;
  receiveNotify(
    fd: number,
  ):
    | number
    | readonly [
        pid: number,
        uid: number,
        gid: number,
        bytes: Uint8Array,
        isCut: boolean,
        hasLost: boolean,
        ...descriptors: number[],
      ];
  sendNotify(path: string, bytes: Uint8Array, descriptors: Int32Array): number;
  isSameFile(first: number, second: number): number;
}>();

/**
 * A message with the credentials that the kernel has checked: only root can tell another pid than its own. The
 * descriptors belong to whoever received this and must be closed, stored or handed over by him.
 */
export type NotifyReceipt = {
  /** 0 where the sender is in a pid namespace that we cannot see. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Anything: it is the text of somebody else. */
  readonly text: string;
  readonly descriptors: readonly Descriptor[];
  /** It was longer than 4096 bytes: `text` has the whole lines before that. */
  readonly isCut: boolean;
  /** Some descriptors did not come through, because there was no room for them in our table. */
  readonly hasLostDescriptors: boolean;
};

/**
 * A socket for the messages of one daemon; the address is for NOTIFY_SOCKET. Its name is abstract: nothing is left behind,
 * every user can send, in any root directory, but only from acceptd's own network namespace.
 */
export const openNotify = (kernel: Kernel): { readonly descriptor: Descriptor; readonly address: string } => {
  const low = descriptorOf(demand('open a notify socket', addon.openNotify()));
  const descriptor = kernel.tryRaise(low);
  const found = inspectSocket(descriptor);
  if (typeof found !== 'string') return { descriptor, address: found.place };
  kernel.close(descriptor);
  throw new SystemError('find the name of a notify socket', 'EINVAL', found);
};

const newline = 0x0a;

/** The lines that are whole: half of a number is another number. */
const wholeLines = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.lastIndexOf(newline) + 1);

/** The next message, or undefined when there is none. Throws SystemError when the kernel cannot give it. */
export const receiveNotify = (descriptor: Descriptor): NotifyReceipt | undefined => {
  const received = addon.receiveNotify(descriptor);
  if (typeof received === 'number') {
    if (received === -constants.errno.EAGAIN || received === -constants.errno.EINTR) return undefined;
    throw failed('receive a message of a daemon', received);
  }
  const [pid, uid, gid, bytes, isCut, hasLostDescriptors, ...descriptors] = received;
  return {
    pid,
    uid,
    gid,
    text: Buffer.from(isCut ? wholeLines(bytes) : bytes).toString('utf8'),
    descriptors: descriptors.map(descriptorOf),
    isCut,
    hasLostDescriptors,
  };
};

/** Tells another program's notify socket (a path, or `@name`). Throws SystemError; EAGAIN: its queue is full just now. */
export const sendNotify = (address: string, text: string, descriptors: readonly Descriptor[]): void => {
  const what = `notify ${address}`;
  if (!/^[@/]./.test(address))
    throw new SystemError(what, 'EAFNOSUPPORT', 'only a unix socket can be notified');
  demand(what, addon.sendNotify(address, Buffer.from(text), Int32Array.from(descriptors)));
};

/** Whether two descriptors mean the same open file (kcmp(2); without it the same socket, pipe or file counts). */
export const isSameFile = (first: Descriptor, second: Descriptor): boolean =>
  demand('compare two descriptors', addon.isSameFile(first, second)) === 1;
