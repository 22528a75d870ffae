// The way to a system's logger: messages on a unix socket, taken or not, without ever waiting.
import { constants } from 'node:os';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { describeErrno, openAddon } from './addon.ts';

const addon = openAddon<{
  connectLog(path: string, isStream: boolean): number;
  sendMessages(fd: number, bytes: Uint8Array, lengths: Uint32Array): number;
  sendSealed(fd: number, bytes: Uint8Array): number;
  writeNow(fd: number, bytes: Uint8Array): number;
}>();

/** Owned by whoever opened it. */
export type LogSocket = { readonly descriptor: Descriptor; readonly isStream: boolean };

export type LogSocketError = { readonly code: string; readonly reason: string };

/** A datagram socket, or a stream where the logger has that. */
export const openLogSocket = (path: string): LogSocket | LogSocketError => {
  const datagram = addon.connectLog(path, false);
  if (datagram >= 0) return { descriptor: descriptorOf(datagram), isStream: false };
  if (datagram !== -constants.errno.EPROTOTYPE) return describeErrno(datagram);
  const stream = addon.connectLog(path, true);
  return stream >= 0 ? { descriptor: descriptorOf(stream), isStream: true } : describeErrno(stream);
};

/**
 * `taken` counts messages on a datagram socket, and on a stream bytes with the NUL that ends each message; `full`: epoll
 * says when it is worth trying again.
 */
export type Sent =
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'failed'; readonly error: LogSocketError };

const outcome = (result: number): Sent => {
  if (result >= 0) return { kind: 'taken', count: result };
  return result === -constants.errno.EAGAIN
    ? { kind: 'full' }
    : { kind: 'failed', error: describeErrno(result) };
};

const messageEnd = Buffer.of(0);

/** The first of these messages; at most 64 at once. */
export const sendToLog = (socket: LogSocket, messages: readonly Uint8Array[]): Sent => {
  if (socket.isStream) {
    const bytes = Buffer.concat(messages.flatMap((message) => [message, messageEnd]));
    return outcome(addon.writeNow(socket.descriptor, bytes));
  }
  const lengths = Uint32Array.from(messages, ({ length }) => length);
  return outcome(addon.sendMessages(socket.descriptor, Buffer.concat(messages), lengths));
};

/** One message that is too long for a datagram, as a sealed file in memory; only a journal takes it so. */
export const sendAsFile = ({ descriptor }: LogSocket, message: Uint8Array): Sent => {
  const sent = outcome(addon.sendSealed(descriptor, message));
  return sent.kind === 'taken' ? { kind: 'taken', count: 1 } : sent;
};
