// Where log records go: written without ever waiting for the reader, bounded, and what does not fit is counted.
import { fstatSync, write } from 'node:fs';
import type { Descriptor } from '../model/descriptor.ts';
import type { Kernel } from '../native/kernel.ts';
import { countLines, newline } from './log-limits.ts';

/** Bytes that may wait for a reader that is slow: the records of a start with 10,000 services fit. */
const mostWaiting = 4_194_304;
/** Records are gathered for so many milliseconds, or until there are so many bytes: each write wakes the reader. */
const gatherTime = 5;
const gatherSize = 16_384;
/** What is tried at once when much waits. */
const largestWrite = 65_536;

export type LogSink = {
  /** One whole record with its newline. */
  readonly write: (record: string) => void;
  /** Records that were lost since this was last asked; 0 as long as there is no room to tell it, or nobody to take it. */
  readonly takeDropped: () => number;
  /** Records that were lost from the start on. */
  readonly lost: () => number;
  /** Called when there is room again after records were lost. */
  readonly onRoom: (call: () => void) => void;
  /** Everything is written, or the reader did not take it for so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
};

/** How many bytes were taken; `lost`: they can never be. */
export type Taken = number | 'lost';

/**
 * How bytes leave: how many were taken at once, or undefined and later a call of `onTaken`, perhaps with none, when it
 * is worth trying again.
 */
export type Outlet = (bytes: Uint8Array, onTaken: (count: Taken) => void) => Taken | undefined;

/** Pipes, sockets and terminals: tried at once, and again when epoll says that there is room. */
const pollableOutlet =
  (kernel: Kernel, descriptor: Descriptor): Outlet =>
  (bytes, onTaken) => {
    const taken = kernel.write(descriptor, bytes);
    // a reader that is gone does not come back
    if (taken === -1) return 'lost';
    if (taken !== undefined) return taken;
    kernel.watch(
      descriptor,
      () => {
        kernel.unwatch(descriptor);
        onTaken(0);
      },
      'writable',
    );
    return undefined;
  };

/** Files: a disk may be slow, so libuv's threads write. */
const fileOutlet =
  (descriptor: Descriptor): Outlet =>
  (bytes, onTaken) => {
    write(descriptor, bytes, 0, bytes.length, null, (error, taken) =>
      onTaken(error === null ? taken : 'lost'),
    );
    return undefined;
  };

const openOutlet = (kernel: Kernel, descriptor: Descriptor): Outlet =>
  fstatSync(descriptor).isFile() ? fileOutlet(descriptor) : pollableOutlet(kernel, descriptor);

export const openLogSink = (kernel: Kernel, descriptor: Descriptor): LogSink =>
  createLogSink(openOutlet(kernel, descriptor), (call) => {
    setTimeout(call, gatherTime);
  });

/** `later` calls once, after a short while. */
export const createLogSink = (outlet: Outlet, later: (call: () => void) => void): LogSink => {
  let isGathering = false;
  /** Text becomes bytes when it has been gathered: one by one it would take longer than all the rest. */
  let gathered = '';
  let waiting: Uint8Array[] = [];
  let size = 0;
  let dropped = 0;
  let lostInAll = 0;
  /** The reader has got the beginning of the record whose rest is next. */
  let isCut = false;
  /** It has got such a beginning and never gets the rest: what comes next begins a line. */
  let isTorn = false;
  /** What was last tried was lost. */
  let isBroken = false;
  let isBusy = false;
  let whenEmpty: (() => void) | undefined;
  let whenRoom: (() => void) | undefined;

  const collect = (): void => {
    if (gathered === '') return;
    if (isTorn) {
      gathered = `\n${gathered}`;
      size += 1;
      isTorn = false;
    }
    const bytes = Buffer.from(gathered);
    size += bytes.length - gathered.length;
    waiting.push(bytes);
    gathered = '';
  };

  /** Takes back what one write would take, as one piece, the rest untouched. */
  const nextBytes = (): Uint8Array => {
    let length = 0;
    let count = 0;
    while (count < waiting.length && length < largestWrite) {
      length += waiting[count]?.length ?? 0;
      count += 1;
    }
    const bytes = count === 1 ? waiting[0] : undefined;
    const joined = bytes ?? Buffer.concat(waiting.slice(0, count));
    if (count > 1) waiting = [joined, ...waiting.slice(count)];
    return joined;
  };

  const lose = (count: number): void => {
    dropped += count;
    lostInAll += count;
  };

  const forget = (taken: number): void => {
    size -= taken;
    const [first] = waiting;
    if (first === undefined || taken === 0) return;
    isCut = first[taken - 1] !== newline;
    isBroken = false;
    if (taken < first.length) waiting[0] = first.subarray(taken);
    else waiting.shift();
  };

  /** The first piece is given up. */
  const giveUp = (): void => {
    const bytes = waiting.shift();
    if (bytes === undefined) return;
    const hasLineEnd = bytes[0] === newline;
    size -= bytes.length;
    lose(countLines(bytes) - (hasLineEnd ? 1 : 0));
    isTorn ||= isCut || hasLineEnd;
    isCut = false;
    isBroken = true;
    const [next] = waiting;
    if (!isTorn || next === undefined) return;
    waiting[0] = Buffer.concat([Uint8Array.of(newline), next]);
    size += 1;
    isTorn = false;
  };

  const take = (taken: Taken): void => {
    if (taken === 'lost') giveUp();
    else forget(taken);
  };

  /** Whether there is room for some records again, not only for one. */
  const hasRoom = (): boolean => size < mostWaiting / 2;

  const pump = (): void => {
    for (;;) {
      if (isBusy) break;
      collect();
      if (waiting.length === 0) break;
      isBusy = true;
      const taken = outlet(nextBytes(), (later) => {
        isBusy = false;
        take(later);
        pump();
      });
      if (taken === undefined) return;
      isBusy = false;
      take(taken);
    }
    if (dropped > 0 && hasRoom() && !isBroken) whenRoom?.();
    if (waiting.length === 0) whenEmpty?.();
  };

  return {
    write: (record) => {
      if (size + record.length > mostWaiting) {
        lose(1);
        return;
      }
      gathered += record;
      size += record.length;
      if (gathered.length >= gatherSize) {
        collect();
        pump();
        return;
      }
      if (isGathering) return;
      isGathering = true;
      later(() => {
        isGathering = false;
        pump();
      });
    },
    takeDropped: () => {
      if (!hasRoom() || isBroken) return 0;
      const count = dropped;
      dropped = 0;
      return count;
    },
    lost: () => lostInAll,
    onRoom: (call) => {
      whenRoom = call;
    },
    flush: (patience) =>
      new Promise((resolve) => {
        pump();
        if (waiting.length === 0) return resolve();
        const timer = setTimeout(resolve, patience);
        whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
};
