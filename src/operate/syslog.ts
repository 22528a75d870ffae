// The system's logger: messages wait in memory for one that is slow, stalled or not there, and those that do not fit are counted.
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Kernel } from '../native/kernel.ts';
import { type LogSocket, openLogSocket, sendToLog } from '../native/log-socket.ts';
import { createTrouble, showLost, type TellNotice } from './log-notice.ts';
import { type About, createMessageFormat, type SyslogFormat } from './syslog-message.ts';

export type Syslog = {
  readonly send: (priority: number, text: string, about?: About) => void;
  /** Everything was taken, or was not in so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
  /** The same, and the socket is closed; it is opened again by the next message. */
  readonly finish: (patience: number) => Promise<void>;
};

export type SyslogOptions = {
  readonly kernel: Pick<Kernel, 'watch' | 'unwatch' | 'tryRaise' | 'close'>;
  readonly clock: Clock;
  readonly tell: TellNotice;
  readonly path: string;
  readonly format: SyslogFormat;
  /** The name that messages bear: parsers of xinetd's know `xinetd`. */
  readonly ident: string;
  readonly pid: number;
};

export const usualLogSocket = '/dev/log';

/** Bytes that may wait: some ten thousand messages. */
const mostWaiting = 1_048_576;
/** What is given to the kernel at once. */
const batch = 64;
/** Messages are gathered for so long: one call gives many. */
const gatherTime = milliseconds(10);
/** Between two attempts to reach a logger that is not there: doubled up to the last. */
const firstPause = milliseconds(100);
const lastPause = milliseconds(5_000);

export const createSyslog = (options: SyslogOptions): Syslog => {
  const { kernel, clock, tell, path } = options;
  const format = createMessageFormat(options.format, clock, options.ident, options.pid);
  const trouble = createTrouble(`cannot reach syslog at ${path}`, 'syslog', tell);
  let socket: LogSocket | undefined;
  /** Oldest first. On a stream the first may be the rest of one that was taken in part. */
  let waiting: Uint8Array[] = [];
  let size = 0;
  let isCut = false;
  let lost = 0;
  let state: 'ready' | 'gathering' | 'full' | 'resting' = 'ready';
  let pause: Milliseconds = firstPause;
  let cancelTimer: (() => void) | undefined;
  let whenEmpty: (() => void) | undefined;

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
    lost += 1;
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
    const text = `${showLost(count)} on the way to syslog`;
    tell({ severity: 'warning', kind: 'log-lost', log: 'syslog', lost: count, text });
  };

  const onTaken = ({ isStream }: LogSocket, count: number): void => {
    pause = firstPause;
    trouble.end();
    if (isStream) takeBytes(count);
    else takeMessages(count);
  };

  /** A logger that was started anew has another socket at the same place: tried once at once. */
  const onFailure = (error: { readonly code: string; readonly reason: string }, isSecond: boolean): void => {
    if (error.code === 'EMSGSIZE') {
      forgetFirst();
      lost += 1;
      return;
    }
    close();
    if (isSecond) rest(error);
  };

  const isReady = (): boolean => state === 'ready';

  const pump = (): void => {
    let failures = 0;
    while (isReady() && waiting.length > 0) {
      socket ??= open();
      if (socket === undefined) return;
      const sent = sendToLog(socket, waiting.slice(0, batch));
      if (sent.kind === 'taken') onTaken(socket, sent.count);
      else if (sent.kind === 'full') waitForRoom(socket);
      else onFailure(sent.error, ++failures > 1);
    }
    tellLost();
    if (waiting.length === 0) whenEmpty?.();
  };

  const send: Syslog['send'] = (priority, text, about) => {
    const message = Buffer.from(format(priority, text, about));
    if (size + message.length > mostWaiting) {
      lost += 1;
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
      lost += waiting.length;
      waiting = [];
      size = 0;
      isCut = false;
      cancelTimer?.();
      close();
      state = 'ready';
      tellLost();
    },
  };
};
