// What waits at a listener that goes is taken along to the service that takes its place.
import type { Descriptor } from '../model/descriptor.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted } from '../native/kernel.ts';
import { observeAccepted, observeTurnedAway } from './accepted.ts';
import { moveDatagrams } from './datagram.ts';
import { isLent, type RunningListener, type RunningService, type Runtime } from './running.ts';

/** What one call can accept. */
const largestBatch = 64;

/** `enter` decides on a client that came through a listener, and closes it where it is refused. */
export const createTakeOver = (
  runtime: Runtime,
  enter: (service: RunningService, client: Accepted) => void,
) => {
  const { kernel } = runtime;

  /** Where the kernel has no room for an ordinary user's filter (EPERM), who comes between two calls is lost, but nobody else. */
  const ignoreNewClients = (descriptor: Descriptor): void => {
    try {
      kernel.ignoreNewClients(descriptor);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  };

  /** Everybody who waits at a listener, and whose handshake is under way: on this machine they come within microseconds. */
  const takeQueue = (descriptor: Descriptor): readonly Accepted[] => {
    const taken: Accepted[] = [];
    try {
      for (let quietRounds = 0, round = 0; quietRounds < 100 && round < 4096; round++) {
        const clients = kernel.accept(descriptor, largestBatch);
        quietRounds = clients.length === 0 ? quietRounds + 1 : 0;
        taken.push(...clients);
      }
    } catch (error) {
      // out of descriptors: who cannot be taken now is lost with the listener
      if (!(error instanceof SystemError)) throw error;
    }
    return taken;
  };

  /**
   * What waits at a listener goes to the service that takes its place. `close` closes the listener between the last
   * accept and the first start, which takes longer than a client needs to connect.
   */
  const takeOver = (listener: RunningListener, successor: RunningService, close: () => void): void => {
    const { descriptor, address, service } = listener;
    const isTaken = [service, successor].every(({ prepared }) => prepared.service.mode === 'per-connection');
    let clients: readonly Accepted[] = [];
    if (descriptor !== undefined && !isLent(listener)) {
      if (address.socketType === 'dgram') {
        moveDatagrams(runtime, successor.prepared.service.id, descriptor);
      } else if (isTaken) {
        if (address.kind === 'internet') ignoreNewClients(descriptor);
        clients = takeQueue(descriptor);
      }
    }
    close();
    if (successor.isPaused) {
      // there is no queue any more that they could wait in
      for (const { descriptor, record } of clients) {
        kernel.close(descriptor);
        observeTurnedAway(runtime, successor, 'suspended', record);
      }
      return;
    }
    observeAccepted(runtime, successor, clients.length);
    for (const client of clients) enter(successor, client);
  };

  return takeOver;
};

export type TakeOver = ReturnType<typeof createTakeOver>;
