// chargen (RFC 864): lines of a rotating alphabet, as fast as the client reads them.
import type { Start } from '../surface.ts';
import { openConversation, usualIdleLimit } from './conversation.ts';
import type { Format } from './daytime.ts';

const width = 72;
const lineLength = width + 2;

type Pattern = {
  /** How many lines there are before it begins again. */
  readonly count: number;
  /** All different lines once. */
  readonly cycle: Uint8Array;
  /** What is written at once, by everybody from the same memory: whole cycles, so that each write is like the first. */
  readonly portion: Uint8Array;
};

/** Lines from a ring of characters, each beginning one character later. */
const createPattern = (first: number, last: number): Pattern => {
  const ring = Array.from({ length: last - first + 1 }, (_, index) =>
    String.fromCharCode(first + index),
  ).join('');
  const lineAt = (index: number): string => `${(ring + ring).slice(index, index + width)}\r\n`;
  const cycle = Buffer.from(Array.from(ring, (_, index) => lineAt(index)).join(''), 'latin1');
  return { count: ring.length, cycle, portion: Buffer.concat(Array.from({ length: 9 }, () => cycle)) };
};

/** All printable characters; xinetd leaves out the blank and the tilde. */
const usual = createPattern(0x20, 0x7e);
let ofXinetd: Pattern | undefined;

const patternOf = (format: Format | undefined): Pattern => {
  if (format === undefined) return usual;
  ofXinetd ??= createPattern(0x21, 0x7d);
  return ofXinetd;
};

/** The line that begins with the character number `index` of the ring: one datagram. */
export const chargenLine = (index: number, format?: Format): Uint8Array => {
  const { count, cycle } = patternOf(format);
  const start = (index % count) * lineLength;
  return cycle.subarray(start, start + lineLength);
};

const manner = { idleLimit: usualIdleLimit, input: 'ignored', endsByReset: true } as const;

export const startChargen: Start = (surface, prepared, client, onEnded, saved) => {
  const { socket, touch, started, isPaused } = openConversation(
    surface,
    prepared,
    client,
    onEnded,
    manner,
    saved,
    { resume: () => sendMore() },
  );
  const { answer } = prepared.service;
  const { portion } = patternOf(answer.kind === 'builtin' ? answer.format : undefined);
  // one portion is under way at a time, and others have their turn in between, however fast this client reads
  let isSending = false;
  const sendMore = (): void => {
    // a portion ends where the pattern begins again: so whoever goes on begins with a whole one
    if (!socket.writable || isPaused() || isSending) return;
    isSending = true;
    socket.write(portion, (error) => {
      isSending = false;
      if (error) return;
      touch();
      setImmediate(sendMore);
    });
  };
  sendMore();
  socket.resume();
  return started;
};
