// The trace: one line of JSON for each connection with the moments of its way through acceptd, for who measures it.
import { constants, fstatSync, openSync, statSync } from 'node:fs';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import type { Observer, TracedConnection } from '../model/event.ts';
import type { Kernel } from '../native/kernel.ts';
import { type LogSink, openLogSink } from './log-sink.ts';

export type TraceLog = {
  readonly observer: Observer;
  /** Everything is written, or the reader did not take it for so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
};

const standardError = 2;

/** A descriptor that acceptd was started with; its own three may be the log's too, so they are opened anew. */
export const inheritedNumber = (path: string): number | undefined => {
  const number = Number(/^\/dev\/fd\/(\d+)$/.exec(path)?.[1] ?? Number.NaN);
  return number > standardError ? number : undefined;
};

const isFifo = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;

/**
 * Opened for appending, and made (0600) where there is no file yet. A FIFO is opened for both directions: so it needs
 * no reader, and readers may come and go. Throws the file system's error.
 */
const openTraceFile = (path: string): number => {
  const inherited = inheritedNumber(path);
  if (inherited !== undefined) {
    const found = fstatSync(inherited);
    const isWritable = found.isFile() || found.isFIFO() || found.isSocket() || found.isCharacterDevice();
    if (!isWritable) throw new Error(`${path} is neither a file nor a pipe nor a socket`);
    return inherited;
  }
  const { O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const how = isFifo(path) ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT;
  return openSync(path, how | O_NONBLOCK | O_NOCTTY, 0o600);
};

/** Whole nanoseconds, which a number holds exactly until a machine has been up for 104 days, and then to two. */
const lineOf = ({ service, pid, port, status, ...rest }: TracedConnection): string => {
  const { ready, accepted, spawning, spawned, childBegan, executing, reaped } = rest;
  const moments = { ready, accepted, spawning, spawned, childBegan, executing, reaped };
  return `${JSON.stringify({ service, pid, port, ...moments, status })}\n`;
};

/** The observer that writes them to a sink. Lines that were lost are told as soon as there is room, before the next. */
export const createTraceLog = (sink: LogSink): TraceLog => {
  const tellDropped = (): void => {
    const dropped = sink.takeDropped();
    if (dropped > 0) sink.write(`${JSON.stringify({ dropped })}\n`);
  };
  sink.onRoom(tellDropped);
  return {
    observer: {
      isWanted: (kind) => kind === 'traced',
      observe: (event) => {
        if (event.kind !== 'traced') return;
        tellDropped();
        sink.write(lineOf(event));
      },
    },
    flush: sink.flush,
  };
};

/** Opens the place that --trace names; the text says what is wrong with it. */
export const openTraceLog = (kernel: Kernel, path: string): TraceLog | { readonly refusal: string } => {
  let descriptor: Descriptor;
  try {
    descriptor = descriptorOf(openTraceFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { refusal: `cannot write the trace ${path}: ${reason}; choose another place with --trace` };
  }
  return createTraceLog(openLogSink(kernel, descriptor));
};
