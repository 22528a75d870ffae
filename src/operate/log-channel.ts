// The way to a logger's socket: messages wait in memory for one that is slow, stalled or not there, and those that do not fit are counted.
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Kernel } from '../native/kernel.ts';
import { type LogSocket, openLogSocket, type Sent, sendToLog } from '../native/log-socket.ts';
import { createTrouble, showLost, type TellNotice } from './log-notice.ts';

export type LogChannel = {
  /** One whole message. */
  readonly send: (message: Uint8Array) => void;
  /** Everything was taken, or was not in so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
  /** The same, and the socket is closed; it is opened again by the next message. */
  readonly finish: (patience: number) => Promise<void>;
  /** Messages that were lost from the start on. */
  readonly lost: () => number;
};

export type LogChannelOptions = {
  readonly kernel: Pick<Kernel, 'watch' | 'unwatch' | 'tryRaise' | 'close'>;
  readonly clock: Clock;
  readonly tell: TellNotice;
  /** What the logger is called. */
  readonly name: 'syslog' | 'journald';
  readonly path: string;
  /** How a message goes that is too long for a datagram; undefined: not at all. */
  readonly sendLong: ((socket: LogSocket, message: Uint8Array) => Sent) | undefined;
};

/** Bytes that may wait: some ten thousand messages. */
const mostWaiting = 1_048_576;
/** What is given to the kernel at once. */
const batch = 64;
/** Messages are gathered for so long: one call gives many. */
const gatherTime = milliseconds(10);
/** Between two attempts to reach a logger that is not there: doubled up to the last. */
const firstPause = milliseconds(100);
const lastPause = milliseconds(5_000);
/** Too long for a datagram. */
const tooLong = 'EMSGSIZE';
/** Nobody is at the other end any more. */
const goneCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTCONN', 'EPIPE']);

export const createLogChannel = (options: LogChannelOptions): LogChannel => {
  const { kernel, clock, tell, name, path, sendLong } = options;
  const trouble = createTrouble(`cannot reach ${name} at ${path}`, name, tell);
  let socket: LogSocket | undefined;
  /** Oldest first. On a stream the first may be the rest of one that was taken in part. */
  let waiting: Uint8Array[] = [];
  let size = 0;
  let isCut = false;
  /** Since it was last told, and in all. */
  let lost = 0;
  let lostInAll = 0;
  let state: 'ready' | 'gathering' | 'full' | 'resting' = 'ready';
  let pause: Milliseconds = firstPause;
  let cancelTimer: (() => void) | undefined;
  let whenEmpty: (() => void) | undefined;

  const lose = (count: number): void => {
    lost += count;
    lostInAll += count;
  };

  const forgetFirst = (): void => {
    size -= waiting.shift()?.length ?? 0;
    isCut = false;
  };

  const close = (): void => {
    if (socket === undefined) return;
    // also unwatches
    kernel.close(socket.descriptor);
    socket = undefined;
    // the rest of a message is none
    if (!isCut) return;
    forgetFirst();
    lose(1);
  };

  const later = (next: 'gathering' | 'resting', delay: Milliseconds): void => {
    state = next;
    cancelTimer = clock.after(delay, () => {
      state = 'ready';
      pump();
    });
  };

  const rest = (error: { readonly reason: string }): void => {
    later('resting', pause);
    trouble.begin(new Error(error.reason));
    pause = milliseconds(Math.min(lastPause, pause * 2));
  };

  const open = (): LogSocket | undefined => {
    const opened = openLogSocket(path);
    if ('code' in opened) {
      rest(opened);
      return undefined;
    }
    return { ...opened, descriptor: kernel.tryRaise(opened.descriptor) };
  };

  const waitForRoom = ({ descriptor }: LogSocket): void => {
    state = 'full';
    kernel.watch(
      descriptor,
      () => {
        kernel.unwatch(descriptor);
        state = 'ready';
        pump();
      },
      'writable',
    );
  };

  const takeMessages = (count: number): void => {
    for (const { length } of waiting.splice(0, count)) size -= length;
  };

  /** A message of a stream and the NUL behind it. */
  const takeBytes = (count: number): void => {
    let left = count;
    for (let first = waiting[0]; first !== undefined && left > first.length; first = waiting[0]) {
      left -= first.length + 1;
      forgetFirst();
    }
    const [first] = waiting;
    if (first === undefined || left === 0) return;
    size -= left;
    waiting[0] = first.subarray(left);
    isCut = true;
  };

  const tellLost = (): void => {
    if (lost === 0 || size > mostWaiting / 2) return;
    const count = lost;
    lost = 0;
    const text = `${showLost(count)} on the way to ${name}`;
    tell({ severity: 'warning', kind: 'log-lost', log: name, lost: count, text });
  };

  const onTaken = ({ isStream }: LogSocket, count: number): void => {
    pause = firstPause;
    trouble.end();
    if (isStream) takeBytes(count);
    else takeMessages(count);
  };

  /** A logger that was started anew has another socket at the same place: tried once at once. */
  const onFailure = (error: { readonly code: string; readonly reason: string }, isSecond: boolean): void => {
    if (error.code === tooLong) {
      forgetFirst();
      lose(1);
      return;
    }
    close();
    if (isSecond) rest(error);
  };

  /** The first messages; one that is too long goes alone, where there is a way for it. */
  const give = (to: LogSocket): Sent => {
    const sent = sendToLog(to, waiting.slice(0, batch));
    const [first] = waiting;
    if (sent.kind !== 'failed' || sent.error.code !== tooLong) return sent;
    if (sendLong === undefined || first === undefined) return sent;
    const alone = sendLong(to, first);
    // no file could be made for it: it must not keep the others back
    const isHopeless = alone.kind === 'failed' && !goneCodes.has(alone.error.code);
    return isHopeless ? sent : alone;
  };

  const isReady = (): boolean => state === 'ready';

  const pump = (): void => {
    let failures = 0;
    while (isReady() && waiting.length > 0) {
      socket ??= open();
      if (socket === undefined) return;
      const sent = give(socket);
      if (sent.kind === 'taken') onTaken(socket, sent.count);
      else if (sent.kind === 'full') waitForRoom(socket);
      else onFailure(sent.error, ++failures > 1);
    }
    tellLost();
    if (waiting.length === 0) whenEmpty?.();
  };

  const send = (message: Uint8Array): void => {
    if (size + message.length > mostWaiting) {
      lose(1);
      return;
    }
    waiting.push(message);
    size += message.length;
    if (state === 'ready') later('gathering', gatherTime);
  };

  const flush = (patience: number): Promise<void> =>
    new Promise((resolve) => {
      if (state === 'gathering') {
        cancelTimer?.();
        state = 'ready';
      }
      pump();
      if (waiting.length === 0) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, patience);
      whenEmpty = () => {
        clearTimeout(timer);
        whenEmpty = undefined;
        resolve();
      };
    });

  return {
    send,
    flush,
    finish: async (patience) => {
      await flush(patience);
      lose(waiting.length);
      waiting = [];
      size = 0;
      isCut = false;
      cancelTimer?.();
      close();
      state = 'ready';
      tellLost();
    },
    lost: () => lostInAll,
  };
};
