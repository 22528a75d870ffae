// The load loop: clients that connect, ask, and wait for the end, in a native thread of their own.

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
  /** The answer begins with these bytes; a connection that ends before them is `short`. Empty: any byte will do. */
  readonly expects: Uint8Array;
  /** Whether the server's end of file ends a connection, or the last byte of what is expected. */
  readonly endsAt: 'end of file' | 'answer';
  /** Sends an end of file after what it sends. */
  readonly shutsDown: boolean;
  /** With a reset no port stays behind in TIME_WAIT. */
  readonly resets: boolean;
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
