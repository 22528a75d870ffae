// The sockets that adoption compares: a server's own, for as long as it waits for its bind(2), and ours.
import type { Descriptor } from '../../model/descriptor.ts';
import { SystemError } from '../../native/addon.ts';
import { borrowDescriptor, type Call, processOf } from '../../native/adopt.ts';
import { type FoundSocket, inspectSocket } from '../../native/inspect.ts';
import type { Kernel } from '../../native/kernel.ts';
import type { InternetSocket } from './adoption-match.ts';

/** The socket of a call, in our table for as long as we look at it. */
export type Theirs = { readonly pid: number; readonly descriptor: Descriptor; readonly found: FoundSocket };

/** Throws SystemError where there is no such socket, or where we may not look. */
export const withTheirs = (kernel: Kernel, call: Call, look: (theirs: Theirs) => boolean): boolean => {
  const pid = processOf(call.thread);
  const descriptor = borrowDescriptor(pid, call.descriptor);
  try {
    const found = inspectSocket(descriptor);
    if (typeof found === 'string') throw new SystemError('see a socket of a server', 'EBADF', found);
    return look({ pid, descriptor, found });
  } finally {
    kernel.close(descriptor);
  }
};

const tcp = 6;
const multipathTcp = 262;

/** Who wants TCP can do with a socket of Multipath TCP. */
export const protocolOf = (kernel: Kernel, descriptor: Descriptor): number => {
  const protocol = kernel.getOption(descriptor, 'SO_PROTOCOL');
  return protocol === multipathTcp ? tcp : protocol;
};

/** undefined where it is not of IPv4 or IPv6. */
export const internetSocketOf = (
  kernel: Kernel,
  descriptor: Descriptor,
  { family, socketType, place, port }: FoundSocket,
): InternetSocket | undefined =>
  family === 4 || family === 6
    ? {
        kind: 'internet',
        socketType,
        version: family,
        host: place,
        port,
        isV6Only: family === 6 && kernel.getOption(descriptor, 'IPV6_V6ONLY') === 1,
      }
    : undefined;
