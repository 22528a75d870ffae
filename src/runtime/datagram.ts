// Datagram nowait: the waiting datagram stays in its socket, which is connected to the sender and goes to the instance,
// and a new socket takes the listener's place.
import type { Descriptor } from '../model/descriptor.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { RunningListener, Runtime } from './running.ts';
import { openListener } from './socket.ts';

const largest = 65_536;
/** What may be moved from one queue to another for one instance; beyond it the sender must ask again. */
const mostMoved = 1_024;

type Waiting = { readonly bytes: Uint8Array; readonly record: ConnectionRecord };

const takeAll = (runtime: Runtime, descriptor: Descriptor): readonly Waiting[] => {
  const buffer = new Uint8Array(largest);
  const waiting: Waiting[] = [];
  while (waiting.length < mostMoved) {
    const got = runtime.kernel.receive(descriptor, buffer, 'take');
    if (got === undefined) break;
    waiting.push({ bytes: buffer.slice(0, got.length), record: got.record });
  }
  return waiting;
};

/**
 * Datagrams of other senders that wait behind the first must not reach its instance: all are taken out and sent again
 * under their senders' addresses, so that each finds its socket. Without the privilege they are lost, as UDP may lose
 * them, and that is told.
 */
const sendAgain = (runtime: Runtime, service: string, waiting: readonly Waiting[]): void => {
  let lost = 0;
  for (const { bytes, record } of waiting) {
    try {
      runtime.kernel.inject(bytes, record);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      lost += 1;
    }
  }
  if (lost > 0) runtime.observer.observe({ kind: 'datagrams-lost', service, count: lost });
};

/** Empties a socket that is about to close into the one that has its address now. */
export const moveDatagrams = (runtime: Runtime, service: string, from: Descriptor): void =>
  sendAgain(runtime, service, takeAll(runtime, from));

/**
 * Gives the socket that holds the sender's datagrams, connected to it, and leaves a fresh one in the listener.
 * Datagrams of the same sender go on to its instance for as long as that lives. Throws SystemError; the
 * listener is in order then.
 */
export const claimDatagram = (
  runtime: Runtime,
  listener: RunningListener,
  sender: ConnectionRecord,
): Descriptor => {
  const { kernel } = runtime;
  const { service, address, descriptor } = listener;
  if (descriptor === undefined) throw new Error('a listener without a socket cannot be ready');
  const fresh = openListener(kernel, service.prepared.service, address, {
    overlapping: [descriptor],
    guard: () => undefined,
    // told when the listener was opened
    onDenied: () => undefined,
  });
  const isMixed = kernel.hasOtherSenders(descriptor, sender);
  const moved = isMixed ? takeAll(runtime, descriptor) : [];
  kernel.unwatch(descriptor);
  listener.isWatched = false;
  listener.descriptor = fresh;
  const { id } = service.prepared.service;
  try {
    kernel.connectTo(descriptor, sender);
    kernel.setBlocking(descriptor, true);
  } catch (error) {
    kernel.close(descriptor);
    // an address that nobody can send to would come again and again
    sendAgain(runtime, id, moved.slice(1));
    throw error;
  }
  sendAgain(runtime, id, moved);
  return descriptor;
};
