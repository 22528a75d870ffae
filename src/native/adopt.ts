// What a server is about to bind, before the kernel does it, and our socket in the place of its own (seccomp_unotify(2)).
import { constants } from 'node:os';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, openAddon, SystemError } from './addon.ts';

const addon = openAddon<{
  openAdoptionChannel(pair: Int32Array): number;
  receiveCallListener(channel: number): number;
  receiveCall(listener: number): number | FoundCall;
  passCall(listener: number, id: bigint): number;
  answerCall(listener: number, id: bigint, errno: number): number;
  placeDescriptor(
    listener: number,
    id: bigint,
    source: number,
    target: number,
    isCloseOnExec: boolean,
  ): number;
  processOf(thread: number): number;
  borrowDescriptor(pid: number, descriptor: number): number;
  descriptorFlags(thread: number, descriptor: number): number;
  isSameSocket(a: number, b: number): number;
  carryOption(name: string, from: number, fresh: number, to: number): number;
}>();

type FoundCall = readonly [
  id: bigint,
  thread: number,
  isListen: boolean,
  descriptor: number,
  backlog: number,
  family: number,
  port: number,
  place: string,
];

/** An address in somebody's memory. A unix path is as its process means it; an abstract name begins with `@`. */
export type CalledPlace =
  | { readonly kind: 'internet'; readonly version: 4 | 6; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** undefined: every CID. */
  | { readonly kind: 'vsock'; readonly cid: number | undefined; readonly port: number }
  | { readonly kind: 'other' }
  /** It may not be read. */
  | { readonly kind: 'hidden'; readonly error: SystemError };

type Caller = {
  readonly id: bigint;
  /** In our own numbers; 0 where it has none among them. */
  readonly thread: number;
  /** Its own number of the socket. */
  readonly descriptor: number;
};

/** A call that waits until it is answered or let through. */
export type Call =
  | (Caller & { readonly kind: 'bind'; readonly place: CalledPlace })
  | (Caller & { readonly kind: 'listen'; readonly backlog: number });

const placeOf = (family: number, port: number, place: string): CalledPlace => {
  if (family < 0) {
    const error = captured(() => demand('see what a server binds', family));
    return { kind: 'hidden', error };
  }
  if (family === 4 || family === 6) return { kind: 'internet', version: family, host: place, port };
  if (family === 3) return { kind: 'vsock', cid: place === '' ? undefined : Number(place), port };
  return family === 1 && place !== '' ? { kind: 'unix', path: place } : { kind: 'other' };
};

const captured = (attempt: () => unknown): SystemError => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error('a failure was expected');
};

/** A pair for one start: `theirs` is RecipeRequest.adoptChannel, `ours` is for receiveCallListener(). */
export const openAdoptionChannel = (): { readonly ours: Descriptor; readonly theirs: Descriptor } => {
  const pair = new Int32Array(2);
  demand('open a socket pair', addon.openAdoptionChannel(pair));
  return { ours: descriptorOf(pair[0] ?? -1), theirs: descriptorOf(pair[1] ?? -1) };
};

/**
 * Where the calls of the child, and of all that comes of it, are to be received; undefined when it is not there yet,
 * `never` when the child has ended before.
 */
export const receiveCallListener = (channel: Descriptor): Descriptor | undefined | 'never' => {
  const result = addon.receiveCallListener(channel);
  if (result === -constants.errno.EAGAIN) return undefined;
  if (result === -constants.errno.EPIPE || result === -constants.errno.ECONNRESET) return 'never';
  return descriptorOf(demand('receive the calls of a server', result));
};

/** The next call; undefined when none waits, `never` when nobody is left who could call. */
export const receiveCall = (listener: Descriptor): Call | undefined | 'never' => {
  const found = addon.receiveCall(listener);
  if (typeof found === 'number') {
    if (found === -constants.errno.EPIPE) return 'never';
    demand('receive a call of a server', found);
    return undefined;
  }
  const [id, thread, isListen, descriptor, backlog, family, port, place] = found;
  const caller = { id, thread, descriptor };
  return isListen
    ? { ...caller, kind: 'listen', backlog }
    : { ...caller, kind: 'bind', place: placeOf(family, port, place) };
};

// An answer to somebody who has been killed meanwhile is none: both say ENOENT then, which is no error.

/** The kernel does what was asked. */
export const passCall = (listener: Descriptor, { id }: Call): void => {
  addon.passCall(listener, id);
};

/** The call has succeeded, as far as the caller knows. */
export const finishCall = (listener: Descriptor, { id }: Call): void => {
  addon.answerCall(listener, id, 0);
};

/** The caller's descriptor is our socket from here on. Throws ENOENT when it has ended. */
export const placeDescriptor = (
  listener: Descriptor,
  { id, descriptor }: Call,
  ours: Descriptor,
  isCloseOnExec: boolean,
): void => {
  demand('hand over a socket', addon.placeDescriptor(listener, id, ours, descriptor, isCloseOnExec));
};

/** The process of a calling thread. */
export const processOf = (thread: number): number =>
  demand('find the process of a thread', addon.processOf(thread));

/** A socket of another process, in our table too: to be looked at and closed. */
export const borrowDescriptor = (pid: number, descriptor: number): Descriptor =>
  descriptorOf(demand('see a socket of a server', addon.borrowDescriptor(pid, descriptor)));

// of open(2), on both machines
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;

/** How a process has its descriptor. */
export const describeDescriptor = (
  thread: number,
  descriptor: number,
): { readonly isNonBlocking: boolean; readonly isCloseOnExec: boolean } => {
  const flags = demand('see a descriptor of a server', addon.descriptorFlags(thread, descriptor));
  return {
    isNonBlocking: (flags & nonBlocking) !== 0,
    isCloseOnExec: (flags & closeOnExec) !== 0,
  };
};

export const isSameSocket = (one: Descriptor, other: Descriptor): boolean =>
  addon.isSameSocket(one, other) === 1;

/**
 * Sets an option of `from` on `to`, if it is not what a fresh socket has; false when there was nothing to do, or when
 * the kernel would not: it is a courtesy.
 */
export const carryOption = (name: string, from: Descriptor, fresh: Descriptor, to: Descriptor): boolean =>
  addon.carryOption(name, from, fresh, to) === 1;

const reasons: Readonly<Record<string, string>> = {
  EBUSY: 'a filter around acceptd, perhaps that of its container, has such a listener already',
  EPERM: 'a server of another user can only be seen with CAP_SYS_PTRACE',
  EACCES: 'a filter needs CAP_SYS_ADMIN or PR_SET_NO_NEW_PRIVS',
  ENOSYS: 'the kernel, or the container around acceptd, has no such filters',
  EINVAL: 'the kernel has no such filters before Linux 5.9',
};

/** Behind an error: why sockets cannot be given to a server in this way, and what can be done. */
export const relayAdvice = (code: string): string => {
  const reason = reasons[code];
  return `${reason === undefined ? '' : ` (${reason})`}; a relay with this server as its backend needs none of this`;
};
