// What a run of the benchmark found: the object that is printed, kept as JSON, drawn and compared. docs/bench.md describes it.

/** Times are in microseconds, with fractions. */
export type Microseconds = number;

/** The shape of one kind of latency. */
export type Distribution = {
  readonly count: number;
  readonly least: Microseconds;
  readonly mean: Microseconds;
  readonly p50: Microseconds;
  readonly p90: Microseconds;
  readonly p99: Microseconds;
  readonly p99_9: Microseconds;
  readonly most: Microseconds;
  /** Percentile (0 to 100, rising) and value, close enough together to draw the whole. */
  readonly curve: readonly (readonly [percentile: number, value: Microseconds])[];
};

/**
 * The same latency told twice. `uncorrected` counts from the moment the client really began. `corrected` leaves nothing
 * out that a slow server kept the client from asking (coordinated omission): in an open loop it counts from the moment
 * at which the connection was to begin, in a closed loop the turns that a client missed while it waited are filled in.
 */
export type Latency = { readonly uncorrected: Distribution; readonly corrected: Distribution };

/** What a client sees; each is counted from its start. */
export const clientPhases = ['connect', 'firstByte', 'lastByte', 'close'] as const;
export type ClientPhase = (typeof clientPhases)[number];

/** How a connection fails; such connections are in no latency and no rate. In the order of native/load.cc. */
export const errorKinds = [
  'refused',
  'reset',
  'timeout',
  'short',
  'wrong answer',
  'unreachable',
  'no port',
  'no descriptor',
  'other',
] as const;
export type ErrorKind = (typeof errorKinds)[number];
export type Errors = Readonly<Record<ErrorKind, number>>;
export const noErrors: Errors = {
  refused: 0,
  reset: 0,
  timeout: 0,
  short: 0,
  'wrong answer': 0,
  unreachable: 0,
  'no port': 0,
  'no descriptor': 0,
  other: 0,
};

/** One slice of the run, most often a second. */
export type Moment = {
  /** Seconds from the start of the measured part to the start of the slice. */
  readonly at: number;
  readonly seconds: number;
  readonly connections: number;
  readonly errors: number;
  /** To the first byte, corrected; undefined when nobody got one. */
  readonly latency:
    | { readonly p50: Microseconds; readonly p99: Microseconds; readonly most: Microseconds }
    | undefined;
};

/** One step of a connection's way through the server, between two moments that were stamped at their source. */
export type Phase = {
  readonly name: string;
  /** What begins and what ends it, in words. */
  readonly from: string;
  readonly to: string;
  readonly distribution: Distribution;
};

/** Steps that follow each other from connect on, others that overlap them, and what could not be known and why. */
export type Phases = {
  readonly sequence: readonly Phase[];
  readonly overlapping: readonly Phase[];
  readonly unknown: readonly string[];
  /** How many connections could be followed through all of their steps. */
  readonly traced: number;
};

/** What the server's processes used; all of them, also those that ended. */
export type ServerUse = {
  readonly pid: number;
  readonly command: string;
  readonly userTimePerConnection: Microseconds;
  readonly systemTimePerConnection: Microseconds;
  /** Highest resident set of the server process itself, in KiB; `sinceStart` when the kernel would not reset the mark. */
  readonly peakKibibytes: number | undefined;
  readonly peakIs: 'of the run' | 'since its start';
  /** What the figures leave out or hold too much of, as a sentence. */
  readonly note?: string;
};

export type Settings = {
  readonly loop: 'closed' | 'open';
  readonly clients: number;
  /** Connections per second that were wanted; open loop only. */
  readonly rate: number | undefined;
  readonly arrivals: 'even' | 'poisson' | undefined;
  readonly seed: number | undefined;
  /** Seconds. One of `duration` and `count` ends the run. */
  readonly duration: number | undefined;
  readonly count: number | undefined;
  readonly warmUp: number;
  readonly timeout: number;
  /** Bytes. */
  readonly sends: number;
  readonly expects: number | undefined;
  readonly endsAt: 'end of file' | 'answer';
  readonly closes: 'reset' | 'orderly';
  readonly sources: string | undefined;
};

/** The machine and the versions that made the figures. */
export type Surroundings = {
  readonly processors: number;
  readonly model: string;
  readonly memoryMebibytes: number;
  readonly kernel: string;
  readonly architecture: string;
  readonly acceptd: string;
  readonly node: string;
};

/** What the client itself costs: the same load on a responder of its own that answers one byte and closes. */
export type Floor = {
  readonly rate: number;
  readonly firstByte: { readonly p50: Microseconds; readonly p99: Microseconds };
  /** Processor time of the client's thread. */
  readonly clientTimePerConnection: Microseconds;
};

export const resultSchema = 'acceptd-bench/1';

export type Result = {
  readonly schema: typeof resultSchema;
  /** How the run is called where several are compared. */
  readonly name: string;
  /** The target as it was given, or the handler's command line. */
  readonly target: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  /** Length of the measured part in seconds. */
  readonly seconds: number;
  /** Connections that began in the measured part and went well. */
  readonly connections: number;
  /** Connections per second that went well, by their ends within the measured part. */
  readonly rate: number;
  readonly errors: Errors;
  /** Under way when the run was interrupted. */
  readonly unfinished: number;
  /** Connections that the drawing side was too slow to record; they are in no figure. */
  readonly unrecorded: number;
  /** Open loop: connections that began later than they should because too many were under way already. */
  readonly late: number;
  readonly isInterrupted: boolean;
  readonly latency: Readonly<Record<ClientPhase, Latency>>;
  readonly timeline: readonly Moment[];
  readonly clientTimePerConnection: Microseconds;
  readonly floor: Floor | undefined;
  readonly server: ServerUse | { readonly unknown: string };
  readonly phases: Phases | undefined;
};
