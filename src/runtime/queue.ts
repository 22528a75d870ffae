// What waits at a listener, seen at two moments: did its server take anything?
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Kernel } from '../native/kernel.ts';

export type Waiting = {
  readonly length: number;
  /** Of a datagram socket, whose first datagram can be looked at: its sender and beginning. */
  readonly first: string | undefined;
  /** Of a listener that was looked at closely: who waits and has not left. */
  readonly clients: ReadonlySet<bigint> | undefined;
};

/** Runs in a row that took nothing from the queue, before a server is made to wait. */
export const patientRuns = 8;

/**
 * A length costs nothing, and mostly says enough. Where clients always wait it does not, but then it is soon time to ask
 * who they are: for which the kernel looks at every connection of the machine.
 */
export const needsCloseLook = (failures: number): boolean => failures >= patientRuns;

const beginning = Buffer.alloc(512);

const lookClosely = (kernel: Kernel, descriptor: Descriptor, length: number): Waiting => {
  const found = kernel.waitingClients(descriptor);
  if (found === undefined) return { length, first: undefined, clients: undefined };
  const clients = new Set(found);
  clients.delete(0n);
  return { length: Math.max(length, found.length), first: undefined, clients };
};

export const lookAtQueue = (
  kernel: Kernel,
  address: ListenAddress,
  descriptor: Descriptor,
  isClose: boolean,
): Waiting => {
  const length = kernel.queueLength(descriptor);
  if (length > 0 && address.socketType === 'dgram') {
    const got = kernel.receive(descriptor, beginning, 'peek');
    const first =
      got && `${Buffer.from(got.record).toString('hex')}${beginning.toString('hex', 0, got.length)}`;
    return { length, first, clients: undefined };
  }
  return isClose ? lookClosely(kernel, descriptor, length) : { length, first: undefined, clients: undefined };
};

/**
 * The first come are the first taken: as long as all of them wait, nobody was. Those who have left meanwhile are still
 * counted in its length. Without a close look, a queue that has not become shorter is untouched.
 */
export const isUntouched = (before: Waiting, now: Waiting): boolean => {
  if (before.length === 0 || now.length === 0 || now.first !== before.first) return false;
  if (before.clients === undefined || now.clients === undefined) return now.length >= before.length;
  let gone = 0;
  for (const client of before.clients) if (!now.clients.has(client)) gone++;
  const left = now.length - now.clients.size - (before.length - before.clients.size);
  return gone === 0 || gone <= left;
};
