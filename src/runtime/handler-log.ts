// What handlers write to stderr: one socket for each service, its lines become events with the writer's pid.
import type { Descriptor } from '../model/descriptor.ts';
import type { Observer } from '../model/event.ts';
import type { Kernel } from '../native/kernel.ts';

/** Both ends, ours alone where no handler will get the other, and the lines that were begun. */
export type SavedLog = {
  readonly ours: Descriptor;
  readonly theirs: Descriptor | undefined;
  readonly unfinished: readonly (readonly [pid: number, beginning: Uint8Array])[];
};

export type HandlerLog = {
  /** For the handlers; never read from here. */
  readonly theirs: Descriptor;
  /** A handler has ended: what it wrote last is a line, with or without a newline. */
  readonly finish: (pid: number) => void;
  /** Whole lines as they come; what it gives takes the wish back. */
  readonly listen: (onLine: (line: string) => void) => () => void;
  /** Reads what there is, at the end of everything. */
  readonly drain: () => void;
  /** No handler will be started with it any more; what the living ones still write is read until they end. */
  readonly retire: () => void;
  /** undefined: it has come to its end. */
  readonly save: () => SavedLog | undefined;
};

/**
 * What is read of one service in one turn of the loop; the rest waits in the socket, and so does its writer. Small, because
 * each line becomes a record: of the shortest lines this many bytes cost some milliseconds.
 */
const chunk = Buffer.alloc(2_048);
/** A longer line is told in several pieces. */
const longestLine = 8_192;
/** Writers within a line whose beginning is kept; each has at most `longestLine`. */
const mostUnfinished = 256;
const newline = 10;
/** More than a socket's buffer holds: a drain ends although somebody goes on writing. */
const drainTurns = 512;

/** `isIdle` says whether no handler runs that could go on with a line that it has begun. */
export const openHandlerLog = (
  kernel: Kernel,
  observer: Observer,
  service: string,
  isIdle: () => boolean,
  saved?: SavedLog,
): HandlerLog => {
  const { ours, theirs } = saved ?? openRaisedPair(kernel);
  const unfinished = new Map<number, Buffer>(
    saved?.unfinished.map(([pid, beginning]) => [pid, Buffer.from(beginning)]),
  );
  let isOver = false;
  let isRetired = theirs === undefined;
  const listeners = new Set<(line: string) => void>();

  const say = (pid: number, line: Buffer): void => {
    const text = line.toString('utf8').replace(/\r$/, '');
    if (text === '') return;
    observer.observe({ kind: 'handler-said', service, pid, line: text });
    for (const listener of [...listeners]) listener(text);
  };

  const flush = (): void => {
    for (const [pid, rest] of unfinished) say(pid, rest);
    unfinished.clear();
  };

  const take = (pid: number, bytes: Buffer): void => {
    const beginning = unfinished.get(pid);
    let left = beginning === undefined ? bytes : Buffer.concat([beginning, bytes]);
    unfinished.delete(pid);
    for (;;) {
      const end = left.indexOf(newline);
      const length = end === -1 ? left.length : end;
      if (length > longestLine) {
        const cut = characterStart(left, longestLine);
        say(pid, left.subarray(0, cut));
        left = left.subarray(cut);
      } else if (end === -1) {
        break;
      } else {
        say(pid, left.subarray(0, end));
        left = left.subarray(end + 1);
      }
    }
    // a copy: the chunk is read into again
    if (left.length > 0) unfinished.set(pid, Buffer.from(left));
    if (unfinished.size > mostUnfinished) flush();
  };

  /** False when there is nothing more to read now. */
  const read = (): boolean => {
    const got = kernel.receiveLog(ours, chunk);
    if (got === undefined) return false;
    if (got.length > 0) {
      take(got.pid, chunk.subarray(0, got.length));
      return true;
    }
    // all writers are gone
    flush();
    isOver = true;
    kernel.close(ours);
    return false;
  };

  const drain = (): void => {
    for (let turn = 0; turn < drainTurns && read(); turn++);
    flush();
  };

  kernel.watch(ours, () => {
    if (read() && unfinished.size > 0 && isIdle()) drain();
  });

  return {
    // nobody asks for it where it is closed
    theirs: theirs ?? ours,
    finish: (pid) => {
      if (unfinished.size > 0 && isIdle()) drain();
      const rest = unfinished.get(pid);
      if (rest === undefined) return;
      unfinished.delete(pid);
      say(pid, rest);
    },
    listen: (onLine) => {
      listeners.add(onLine);
      return () => void listeners.delete(onLine);
    },
    drain,
    retire: () => {
      isRetired = true;
      if (theirs !== undefined) kernel.close(theirs);
    },
    save: () =>
      isOver ? undefined : { ours, theirs: isRetired ? undefined : theirs, unfinished: [...unfinished] },
  };
};

/** Both ends at high numbers, or none. */
const openRaisedPair = (kernel: Kernel): { readonly ours: Descriptor; readonly theirs: Descriptor } => {
  const open = kernel.openLogPair();
  const raised: Descriptor[] = [];
  try {
    const ours = kernel.raise(open.ours);
    raised.push(ours);
    return { ours, theirs: kernel.raise(open.theirs) };
  } catch (error) {
    for (const each of [...raised, ...(raised.length === 0 ? [open.ours] : []), open.theirs])
      kernel.close(each);
    throw error;
  }
};

/** The place at or a little before `at` that is not within a character of UTF-8. */
const characterStart = (bytes: Buffer, at: number): number => {
  let start = at;
  while (start > at - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
};
