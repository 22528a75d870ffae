// What waits at a listener is turned away (FlushPending=): clients are accepted and closed, datagrams read away.
import type { ListenAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { ConnectionRecord } from '../../model/record.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';

const noBytes = new Uint8Array(0);
const batch = 64;
/** More than a queue holds: who comes faster than that is the next run's. */
const mostRounds = 128;

type OnDropped = (record: ConnectionRecord) => void;

export const flushQueue = (
  kernel: Kernel,
  address: ListenAddress,
  descriptor: Descriptor,
  onDropped: OnDropped,
): void => {
  const drop = address.socketType === 'dgram' ? dropSome : closeSome;
  try {
    kernel.setBlocking(descriptor, false);
    for (let round = 0; round < mostRounds; round++) {
      if (!drop(kernel, descriptor, onDropped)) return;
    }
  } catch (error) {
    // out of descriptors: who could not be turned away is served
    if (!(error instanceof SystemError)) throw error;
  }
};

const closeSome = (kernel: Kernel, descriptor: Descriptor, onDropped: OnDropped): boolean => {
  const clients = kernel.accept(descriptor, batch);
  for (const client of clients) {
    kernel.close(client.descriptor);
    onDropped(client.record);
  }
  return clients.length > 0;
};

const dropSome = (kernel: Kernel, descriptor: Descriptor, onDropped: OnDropped): boolean => {
  for (let count = 0; count < batch; count++) {
    const received = kernel.receive(descriptor, noBytes, 'take');
    if (received === undefined) return false;
    onDropped(received.record);
  }
  return true;
};
