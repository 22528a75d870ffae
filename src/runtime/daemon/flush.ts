// What waits at a listener is turned away (FlushPending=): clients are accepted and closed, datagrams read away.
import type { ListenAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';

const noBytes = new Uint8Array(0);
const batch = 64;
/** More than a queue holds: who comes faster than that is the next run's. */
const mostRounds = 128;

export const flushQueue = (kernel: Kernel, address: ListenAddress, descriptor: Descriptor): void => {
  try {
    kernel.setBlocking(descriptor, false);
    for (let round = 0; round < mostRounds; round++) {
      if (!(address.socketType === 'dgram' ? dropOne(kernel, descriptor) : closeSome(kernel, descriptor)))
        return;
    }
  } catch (error) {
    // out of descriptors: who could not be turned away is served
    if (!(error instanceof SystemError)) throw error;
  }
};

const closeSome = (kernel: Kernel, descriptor: Descriptor): boolean => {
  const clients = kernel.accept(descriptor, batch);
  for (const client of clients) kernel.close(client.descriptor);
  return clients.length > 0;
};

const dropOne = (kernel: Kernel, descriptor: Descriptor): boolean => {
  for (let count = 0; count < batch; count++)
    if (kernel.receive(descriptor, noBytes, 'take') === undefined) return false;
  return true;
};
