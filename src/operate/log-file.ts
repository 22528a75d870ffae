// A log file: never waited for, opened anew when it is rotated, kept below its limits, and loud when it cannot be written.
import { stat, write } from 'node:fs';
import type { Clock } from '../model/clock.ts';
import { escapeControls } from '../model/diagnostic.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { countLines, createLogLimits, type FileLimits } from './log-limits.ts';
import { createTrouble, showLost, type TellNotice } from './log-notice.ts';
import { createLogSink, type Outlet } from './log-sink.ts';
import { type LogKernel, type LogTarget, openTarget } from './log-target.ts';

export type LogFile = {
  /** One whole line with its newline. */
  readonly write: (line: string) => void;
  readonly setLimits: (limits: FileLimits) => void;
  /** Whatever is at the path now is written to from here on. */
  readonly reopen: () => void;
  /** Everything is written, or could not be in so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
  /** The same, and the file is closed. */
  readonly finish: (patience: number) => Promise<void>;
  /** Lines that were lost from the start on. */
  readonly lost: () => number;
};

export type LogFileOptions = {
  readonly kernel: LogKernel;
  readonly clock: Clock;
  readonly tell: TellNotice;
};

/** Lines are gathered for so long: who reads a log does not see it, and a thread is woken that much more seldom. */
const gatherTime = milliseconds(25);
/** Between two attempts at what failed: doubled up to the last. */
const firstPause = milliseconds(20);
const lastPause = milliseconds(1_000);
/** How often a file that is beyond its limit is looked at. */
const lookPause = milliseconds(1_000);

export const createLogFile = (
  path: string,
  limits: FileLimits,
  { kernel, clock, tell }: LogFileOptions,
): LogFile => {
  const name = escapeControls(path);
  const limit = createLogLimits(name, limits, tell);
  let target: LogTarget | undefined;
  /** Takes the target's place as soon as nothing is being written. */
  let replacement: LogTarget | undefined;
  let isWriting = false;
  let opening: 'not' | 'once' | 'again' = 'not';
  /** Opening failed: it is tried again. */
  let mustOpen = false;
  const reaching = createTrouble(`cannot open the log ${name}`, name, tell);
  const writing = createTrouble(`cannot write the log ${name}`, name, tell);
  let pause = firstPause;
  let cancelRetry: (() => void) | undefined;
  /** Goes on with what waits. */
  let goOn: (() => void) | undefined;
  let lookedAt: Milliseconds | undefined;
  let isFinished = false;
  /** What came after its end, or still waited then. */
  let late = 0;
  let lateTold = 0;

  const retryLater = (): void => {
    if (cancelRetry !== undefined || isFinished) return;
    cancelRetry = clock.after(pause, () => {
      cancelRetry = undefined;
      if (mustOpen) openFile();
      resume();
    });
    pause = milliseconds(Math.min(lastPause, pause * 2));
  };

  const onWritten = (): void => {
    if (!mustOpen) pause = firstPause;
    writing.end();
  };

  /** Nothing can be written now; tried again when `resume` is called. */
  const park = (onTaken: (count: number) => void): void => {
    goOn = () => onTaken(0);
  };

  const resume = (): void => {
    const call = goOn;
    goOn = undefined;
    call?.();
  };

  const closeTarget = (): void => {
    if (target?.isOurs === true) kernel.close(target.descriptor);
    target = undefined;
  };

  const takeReplacement = (): void => {
    if (isWriting || replacement === undefined) return;
    closeTarget();
    target = replacement;
    replacement = undefined;
    lookedAt = undefined;
    resume();
  };

  const onOpened = (opened: LogTarget | NodeJS.ErrnoException): void => {
    mustOpen = opened instanceof Error;
    if (opened instanceof Error) {
      if (isFinished) return;
      reaching.begin(opened);
      retryLater();
      return;
    }
    if (isFinished) {
      if (opened.isOurs) kernel.close(opened.descriptor);
      return;
    }
    reaching.end();
    if (replacement?.isOurs === true) kernel.close(replacement.descriptor);
    replacement = opened;
    takeReplacement();
  };

  const openFile = (): void => {
    if (opening !== 'not') {
      opening = 'again';
      return;
    }
    opening = 'once';
    openTarget(kernel, path, (opened) => {
      const isAskedAgain = opening === 'again';
      opening = 'not';
      onOpened(opened);
      if (isAskedAgain && !isFinished) openFile();
    });
  };

  /** Beyond the hard limit, but somebody may have rotated or cut the file: looked at when there is something to write. */
  const lookAgain = (
    current: LogTarget,
    bytes: Uint8Array,
    onTaken: (count: number) => void,
  ): number | undefined => {
    const now = clock.now();
    if (lookedAt !== undefined && now - lookedAt < lookPause) {
      limit.discard(bytes);
      return bytes.length;
    }
    lookedAt = now;
    stat(path, (error, found) => {
      if (target !== current) {
        onTaken(0);
      } else if (error?.code === 'ENOENT' || (error === null && found.ino !== current.inode)) {
        park(onTaken);
        openFile();
      } else {
        if (error === null) current.size = found.size;
        const hasRoom = limit.roomFor(bytes, current.size) > 0;
        if (!hasRoom) limit.discard(bytes);
        onTaken(hasRoom ? 0 : bytes.length);
      }
    });
    return undefined;
  };

  const writeFile = (current: LogTarget, bytes: Uint8Array, onTaken: (count: number) => void): void => {
    isWriting = true;
    write(current.descriptor, bytes, 0, bytes.length, null, (error, taken) => {
      isWriting = false;
      if (error !== null) {
        park(onTaken);
        writing.begin(error);
        retryLater();
        if (isFinished) leave();
        else takeReplacement();
        return;
      }
      current.size += taken;
      onWritten();
      limit.noteSize(current.size);
      takeReplacement();
      onTaken(taken);
      if (isFinished) leave();
    });
  };

  /** What the reader of a pipe does not take now it may take later, or the next reader. */
  const writePipe = (
    current: LogTarget,
    bytes: Uint8Array,
    onTaken: (count: number) => void,
  ): number | undefined => {
    const taken = kernel.write(current.descriptor, bytes);
    if (taken !== undefined && taken >= 0) {
      onWritten();
      return taken;
    }
    park(onTaken);
    if (taken === -1) writing.begin(new Error('nobody reads it'));
    retryLater();
    return undefined;
  };

  const outlet: Outlet = (bytes, onTaken) => {
    if (isFinished) {
      late += countLines(bytes);
      return bytes.length;
    }
    if (target === undefined) {
      park(onTaken);
      return undefined;
    }
    if (target.isPipe) return writePipe(target, bytes, onTaken);
    const room = limit.roomFor(bytes, target.size);
    if (room === 0) return lookAgain(target, bytes, onTaken);
    writeFile(target, bytes.subarray(0, room), onTaken);
    return undefined;
  };

  const tellLost = (count: number): void => {
    if (count === 0) return;
    const text = `${showLost(count)} of the log ${name}`;
    tell({ severity: 'warning', kind: 'log-lost', log: name, lost: count, text });
  };

  /** The end: what still waits is counted. */
  const leave = (): void => {
    closeTarget();
    resume();
    tellLost(late - lateTold);
    lateTold = late;
  };

  const sink = createLogSink(outlet, (call) => {
    clock.after(gatherTime, call);
  });
  sink.onRoom(() => tellLost(sink.takeDropped()));
  openFile();

  return {
    write: sink.write,
    setLimits: limit.set,
    reopen: openFile,
    flush: sink.flush,
    finish: async (patience) => {
      await sink.flush(patience);
      isFinished = true;
      cancelRetry?.();
      if (!isWriting) leave();
    },
    lost: () => sink.lost() + late + limit.discarded(),
  };
};
