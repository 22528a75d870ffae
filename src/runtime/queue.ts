// What waits at a listener, seen at two moments: did its server take anything?
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
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

/** Whoever was seen to serve is not suspected for so long. */
const trust = milliseconds(1_000);

export type Doubt = {
  /** Runs in a row that seem to have been of no use. */
  failures: number;
  trustedUntil: Milliseconds;
};

export const noDoubt = (): Doubt => ({ failures: 0, trustedUntil: milliseconds(0) });

/**
 * A length costs nothing, and mostly says enough. Where clients always wait it does not, and it is asked who they are,
 * which takes milliseconds: the kernel goes through its whole table of connections. So it is asked last, and seldom.
 */
export const needsCloseLook = ({ failures }: Doubt): boolean => failures >= patientRuns;

/** To be called at the end of each run. */
export const countRun = (
  doubt: Doubt,
  run: { readonly hasFailed: boolean; readonly isUntouched: boolean; readonly wasClose: boolean },
  now: Milliseconds,
): void => {
  const { hasFailed, isUntouched, wasClose } = run;
  if (wasClose && !hasFailed && !isUntouched) doubt.trustedUntil = milliseconds(now + trust);
  const isTrusted = now < doubt.trustedUntil;
  doubt.failures = hasFailed || (isUntouched && !isTrusted) ? doubt.failures + 1 : 0;
};

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
