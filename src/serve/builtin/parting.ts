// The short way of a built-in that says one thing and closes: no stream, no timer, over before the next client.
import type { Descriptor } from '../../model/descriptor.ts';
import type { Kernel } from '../../native/kernel.ts';
import type { Start } from '../surface.ts';
import type { Format } from './daytime.ts';
import { reportBuiltin } from './report.ts';

const unread = new Uint8Array(4096);
/** Enough for what a client had sent before it could hear us; who sends more does not want to listen. */
const unreadRounds = 16;

/** Reads what a client has sent that nobody will answer, so that a close is not a reset (RFC 2525, 2.17). */
export const discardUnread = (kernel: Kernel, descriptor: Descriptor): void => {
  for (let round = 0; round < unreadRounds; round++) {
    const length = kernel.read(descriptor, unread, 'take');
    if (length === undefined || length < unread.length) return;
  }
};

/**
 * Says the last words to a client and closes; false when it could not hear them. What it had sent is read first: bytes left
 * unread would turn the close into a reset (RFC 2525, 2.17), and the client would lose what it was told.
 */
export const sayAndClose = (kernel: Kernel, descriptor: Descriptor, words: Uint8Array): boolean => {
  // a fresh connection has room for some kilobytes, so this does not fall short
  const isHeard = kernel.write(descriptor, words) === words.length;
  discardUnread(kernel, descriptor);
  kernel.close(descriptor);
  return isHeard;
};

/** The starter of a built-in that says the same to everybody. */
export const announcing =
  (wordsAt: (now: Date, format: Format) => Uint8Array): Start =>
  (surface, prepared, client, onEnded) => {
    const report = reportBuiltin(surface, prepared, client.record);
    const { answer } = prepared.service;
    const words = wordsAt(surface.clock.wallClock(), answer.kind === 'builtin' ? answer.format : undefined);
    report(sayAndClose(surface.kernel, client.descriptor, words) ? 'ended' : 'error');
    // the caller is still starting us
    queueMicrotask(onEnded);
    return { kind: 'builtin', stop: () => undefined };
  };
