// What waits at a listener, seen at two moments: did its server take anything?
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Kernel } from '../native/kernel.ts';

export type Waiting = {
  readonly length: number;
  /** Of a datagram socket, whose first datagram can be looked at: its sender and beginning. */
  readonly first: string | undefined;
};

const beginning = Buffer.alloc(512);

export const lookAtQueue = (kernel: Kernel, address: ListenAddress, descriptor: Descriptor): Waiting => {
  const length = kernel.queueLength(descriptor);
  if (address.socketType !== 'dgram' || length === 0) return { length, first: undefined };
  const got = kernel.receive(descriptor, beginning, 'peek');
  const first =
    got && `${Buffer.from(got.record).toString('hex')}${beginning.toString('hex', 0, got.length)}`;
  return { length, first };
};

/** A queue that has not become shorter says little where more arrives than is served; the same datagram at its head says all. */
export const isUntouched = (before: Waiting, now: Waiting): boolean =>
  now.length > 0 && now.length >= before.length && now.first === before.first;
