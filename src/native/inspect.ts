// What the kernel says of a socket that somebody believes to know.
import type { SocketType } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { describeErrno, openAddon } from './addon.ts';

const addon = openAddon<{
  getOption(fd: number, name: string): number;
  inspectSocket(
    fd: number,
  ): number | readonly [type: number, family: number, isListening: number, port: number, place: string];
}>();

export type FoundSocket = {
  readonly socketType: SocketType | undefined;
  readonly family: 4 | 6 | 'unix' | 'vsock';
  readonly isListening: boolean;
  readonly port: number;
  /** The host; the path, with `@` before an abstract name; or the CID, empty where it is any. */
  readonly place: string;
};

const socketTypes: ReadonlyMap<number, SocketType> = new Map([
  [1, 'stream'],
  [2, 'dgram'],
  [5, 'seqpacket'],
]);

/** The socket behind a descriptor; where there is none, the reason. */
export const inspectSocket = (descriptor: Descriptor): FoundSocket | string => {
  const found = addon.inspectSocket(descriptor);
  if (typeof found === 'number') return describeErrno(found).reason;
  const [type, family, isListening, port, place] = found;
  return {
    socketType: socketTypes.get(type),
    family: family === 4 || family === 6 ? family : family === 3 ? 'vsock' : 'unix',
    isListening: isListening === 1,
    port,
    place,
  };
};

/** Whether a socket of IPv6 takes clients of IPv4 too. */
export const takesMapped = (descriptor: Descriptor): boolean =>
  addon.getOption(descriptor, 'IPV6_V6ONLY') === 0;
