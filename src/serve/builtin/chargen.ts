// chargen (RFC 864): lines of a rotating alphabet, as fast as the client reads them.
import type { Start } from '../surface.ts';
import { openConversation, usualIdleLimit } from './conversation.ts';

const alphabet = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
const width = 72;
const lineLength = width + 2;

const lineAt = (index: number): string => `${(alphabet + alphabet).slice(index, index + width)}\r\n`;

/** All different lines once; after them it begins again. */
const cycle = Buffer.from(Array.from(alphabet, (_, index) => lineAt(index)).join(''), 'latin1');

/** What is written at once, by everybody from the same memory: whole cycles, so that each write is like the first. */
const portion = Buffer.concat(Array.from({ length: 9 }, () => cycle));

/** The line that begins with the character number `index` of the alphabet, a ring: one datagram. */
export const chargenLine = (index: number): Uint8Array => {
  const start = (index % alphabet.length) * lineLength;
  return cycle.subarray(start, start + lineLength);
};

const manner = { idleLimit: usualIdleLimit, input: 'ignored', endsByReset: true } as const;

export const startChargen: Start = (surface, prepared, client, onEnded) => {
  const { socket, touch, started } = openConversation(surface, prepared, client, onEnded, manner);
  // one portion is under way at a time, and others have their turn in between, however fast this client reads
  const sendMore = (): void => {
    if (!socket.writable) return;
    socket.write(portion, (error) => {
      if (error) return;
      touch();
      setImmediate(sendMore);
    });
  };
  sendMore();
  socket.resume();
  return started;
};
