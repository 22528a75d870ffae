// The load loop: clients that connect, ask, and wait for the end, in a native thread of their own.
import { demand, openAddon } from './addon.ts';

/** Where the clients connect to. `host` is numeric. */
export type LoadAddress =
  | { readonly kind: 'tcp' | 'udp'; readonly version: 4 | 6; readonly host: string; readonly port: number }
  /** A path that begins with `@` is abstract. */
  | { readonly kind: 'unix'; readonly path: string };

/** Moments and lengths are in nanoseconds, moments on CLOCK_MONOTONIC_RAW. */
export type LoadPlan = {
  readonly address: LoadAddress;
  /** Connections that may be under way at once. */
  readonly clients: number;
  /**
   * Open loop: when each connection is to begin, counted from the start of the run, rising. Closed loop: undefined, and
   * each client begins again when its connection has ended.
   */
  readonly arrivals: Float64Array | undefined;
  readonly warmUp: number;
  /** From the end of the warm-up on: no connection begins later. */
  readonly duration: number;
  /** Connections that begin after the warm-up; no more begin. */
  readonly count: number;
  readonly timeout: number;
  readonly sends: Uint8Array;
  /** The answer begins with these bytes; a connection that ends before them is `short`. Empty: any answer will do. */
  readonly expects: Uint8Array;
  /** Whether the server's end of file ends a connection, or the last byte of what is expected. */
  readonly endsAt: 'end of file' | 'answer';
  /** Sends an end of file after what it sends. */
  readonly shutsDown: boolean;
  /** With a reset no port stays behind in TIME_WAIT. */
  readonly resets: boolean;
  /** Whether samples tell the client's port, which costs a system call. */
  readonly tellsPorts: boolean;
  /** IPv4 addresses the clients take turns with: the first as a number, and how many; undefined: what the kernel takes. */
  readonly sources: { readonly first: number; readonly count: number } | undefined;
};

/** One connection. Moments are 0 when they were not reached. */
export type LoadSample = {
  /** When it was to begin: in a closed loop when it did. */
  intended: number;
  started: number;
  connected: number;
  firstByte: number;
  lastByte: number;
  ended: number;
  /** 0: it went well; else the place in `errorKinds`, counted from 1. */
  error: number;
  /** The client's own port. */
  port: number;
};

/** What a run was, when it has ended. Moments as in the plan. */
export type LoadSummary = {
  readonly begunAt: number;
  /** The measured part: from the end of the warm-up until the last moment at which a connection could begin. */
  readonly measuredFrom: number;
  readonly measuredUntil: number;
  /** Processor time of the client's thread within the measured part, and how many connections ended meanwhile. */
  readonly clientTime: number;
  readonly clientConnections: number;
  readonly unfinished: number;
  readonly unrecorded: number;
  readonly late: number;
};

type Handle = { readonly load: unique symbol };

const addon = openAddon<{
  startLoad(
    plan: LoadPlan,
    ring: ArrayBuffer,
    onEnded: (numbers: readonly number[]) => void,
  ): Handle | number;
  stopLoad(handle: Handle): void;
  startResponder(kind: string, version: number): readonly [Handle, number | string] | number;
  stopResponder(handle: Handle): void;
}>();

// The ring (native/load.hh): a header, then samples of eight doubles.
const headerSize = 64;
const sampleFields = 8;
/** Samples that may wait to be taken: two seconds of the fastest loop. */
const capacity = 1 << 17;

export type Load = {
  /** When the run began; undefined when its thread has not come to it yet. */
  readonly begunAt: () => number | undefined;
  /** Hands over the connections that have ended since; the sample is the same object each time. */
  readonly takeSamples: (take: (sample: LoadSample) => void) => void;
  /** Ends the run; what is under way is left unfinished. */
  readonly stop: () => void;
  readonly ended: Promise<LoadSummary>;
};

/** Starts the clients; throws SystemError. Samples must be taken at least every second, and once more after the end. */
export const startLoad = (plan: LoadPlan): Load => {
  const ring = new ArrayBuffer(headerSize + capacity * sampleFields * 8);
  const header = new Int32Array(ring, 0, headerSize / 4);
  const beginning = new Float64Array(ring, 16, 1);
  const fields = new Float64Array(ring, headerSize);
  const sample: LoadSample = {
    intended: 0,
    started: 0,
    connected: 0,
    firstByte: 0,
    lastByte: 0,
    ended: 0,
    error: 0,
    port: 0,
  };
  let taken = 0;

  const readSample = (index: number): void => {
    const at = (index % capacity) * sampleFields;
    sample.intended = fields[at] ?? 0;
    sample.started = fields[at + 1] ?? 0;
    sample.connected = fields[at + 2] ?? 0;
    sample.firstByte = fields[at + 3] ?? 0;
    sample.lastByte = fields[at + 4] ?? 0;
    sample.ended = fields[at + 5] ?? 0;
    sample.error = fields[at + 6] ?? 0;
    sample.port = fields[at + 7] ?? 0;
  };

  let handle: Handle | number = 0;
  const ended = new Promise<LoadSummary>((resolve) => {
    handle = addon.startLoad(plan, ring, (numbers) => {
      // named here so that it lives as long as the thread does
      if (handle === 0) return;
      const [begunAt = 0, measuredFrom = 0, measuredUntil = 0, clientTime = 0, ...counts] = numbers;
      const [clientConnections = 0, unfinished = 0, unrecorded = 0, late = 0] = counts;
      resolve({
        begunAt,
        measuredFrom,
        measuredUntil,
        clientTime,
        clientConnections,
        unfinished,
        unrecorded,
        late,
      });
    });
  });
  const running = demandHandle('start the clients', handle);

  return {
    begunAt: () => beginning[0] || undefined,
    takeSamples: (take) => {
      const written = Atomics.load(header, 0) >>> 0;
      // both count upwards and wrap at 2^32
      for (; taken !== written; taken = (taken + 1) >>> 0) {
        readSample(taken);
        take(sample);
      }
      Atomics.store(header, 1, taken | 0);
    },
    stop: () => addon.stopLoad(running),
    ended,
  };
};

const demandHandle = (what: string, result: Handle | number): Handle => {
  if (typeof result !== 'number') return result;
  demand(what, result);
  throw new Error(`${what}: no handle`);
};

export type Responder = { readonly address: LoadAddress; readonly stop: () => void };

/** A server of the same kind as this address, in a thread of its own, that answers one byte and closes; throws SystemError. */
export const startResponder = (like: LoadAddress): Responder => {
  const version = like.kind === 'unix' ? 4 : like.version;
  const result = addon.startResponder(like.kind, version);
  if (typeof result === 'number') {
    demand('start a responder', result);
    throw new Error('start a responder: no handle');
  }
  const [handle, place] = result;
  const address: LoadAddress =
    typeof place === 'string' || like.kind === 'unix'
      ? { kind: 'unix', path: String(place) }
      : { kind: like.kind, version, host: version === 6 ? '::1' : '127.0.0.1', port: place };
  return { address, stop: () => addon.stopResponder(handle) };
};
