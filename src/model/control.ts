// What is said over the control socket: version 1 of the schema, as docs/control.openapi.json describes it.
//
// Everything is plain JSON: absent is null, times are ISO 8601, durations are seconds, sizes are bytes. Fields may be added
// within a version; none changes its meaning or goes.
import type { Diagnostic } from './diagnostic.ts';
import type { RefusalReason } from './event.ts';

export const controlVersion = 1;

/** What holds a service: `held` at its limit of instances, `suspended` beyond its rate, `paused` by somebody's wish. */
export const serviceConditions = ['active', 'held', 'suspended', 'paused', 'closed', 'draining'] as const;
export type ServiceCondition = (typeof serviceConditions)[number];

export type EndpointStatus = {
  /** As a configuration writes it: `127.0.0.1:79`, `[::]:79`, `/run/x.sock`, `@name`. */
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | 'unix' | 'unix-dgram' | 'unix-seqpacket' | 'vsock' | 'fifo';
  /** `lent`: a server has the whole socket now. */
  readonly state: 'listening' | 'held-back' | 'lent' | 'closed';
  /** Clients that wait to be accepted; null where the kernel does not say. */
  readonly waiting: number | null;
};

export type LastError = { readonly at: string; readonly what: string };

/** Of handlers that have ended. */
export type HandlerTimes = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
};

export type ServiceSummary = {
  readonly service: string;
  readonly endpoints: readonly EndpointStatus[];
  readonly condition: ServiceCondition;
  /** Processes, built-ins and relays together. */
  readonly live: number;
  readonly limit: number | null;
  /** Connections (or datagrams) that were taken from the queue; accepted = served + refused + failed + waiting. */
  readonly accepted: number;
  /** Those that were answered, or are being answered. */
  readonly served: number;
  readonly failed: number;
  readonly refused: number;
  readonly refusedBy: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Between accept and answer: something is being found out about them. */
  readonly waiting: number;
  readonly lastError: LastError | null;
  readonly handlerTimes: HandlerTimes | null;
  /** Resident, of all live processes; null where none runs. */
  readonly memory: number | null;
};

export type InstanceStatus = {
  /** null of what acceptd answers itself. */
  readonly pid: number | null;
  readonly what: 'handler' | 'server' | 'daemon' | 'command' | 'built-in' | 'relay';
  readonly peer: string | null;
  readonly startedAt: string;
  /** Seconds. */
  readonly age: number;
  /** User and system time, with that of its children that it has waited for; null where it cannot be read. */
  readonly cpu: number | null;
  readonly memory: number | null;
};

/** Something that an administrator wants to see afterwards; the last ones of each service are kept. */
export type Occurrence = {
  readonly at: string;
  readonly kind: 'refused' | 'failed' | 'ended-badly';
  readonly peer: string | null;
  /** Of a refusal. */
  readonly reason: RefusalReason | null;
  readonly what: string;
};

export type ServiceDetail = ServiceSummary & {
  /** Where it stands in the configuration: `file:line`. */
  readonly origin: string;
  readonly instances: readonly InstanceStatus[];
  /** Instances beyond those listed. */
  readonly more: number;
  readonly recent: readonly Occurrence[];
  /** What `set` has changed until the next reload. */
  readonly tuned: readonly string[];
};

export type ServerStatus = {
  readonly version: typeof controlVersion;
  readonly acceptd: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly state: 'running' | 'draining';
  readonly configuration: {
    readonly files: readonly string[];
    readonly loadedAt: string;
    readonly errors: number;
    readonly warnings: number;
    /** Of the last reload that was asked for; null when it was applied. */
    readonly refusedBecause: string | null;
  };
  /** How often the code was exchanged under this process, and how often it came back after a crash. */
  readonly upgrades: number;
  readonly restarts: number;
  /** acceptd's own. */
  readonly memory: { readonly resident: number; readonly private: number | null };
  readonly descriptors: { readonly open: number; readonly limit: number };
  /** Records that a log could not take. */
  readonly lostRecords: number;
  readonly services: readonly ServiceSummary[];
};

/** What a reload does, or would do. Addresses with their services. */
export type ReloadChanges = {
  readonly opens: readonly { readonly service: string; readonly address: string }[];
  readonly closes: readonly { readonly service: string; readonly address: string }[];
  readonly kept: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
};

export type ReloadReport = {
  readonly outcome: 'applied' | 'planned' | 'refused';
  /** Of a refusal: nothing has changed. */
  readonly why: string | null;
  readonly changes: ReloadChanges | null;
  readonly diagnostics: readonly Diagnostic[];
};

/** Would this client be let in, and what decides. */
export type Admission = {
  readonly service: string;
  readonly address: string;
  readonly verdict: 'admit' | 'refuse' | 'ask' | 'hold';
  readonly reason: RefusalReason | null;
  /** Each test in its order, up to the one that decides: `only_from 10.0.0.0/8 (xinetd.conf:12)`. */
  readonly steps: readonly {
    readonly test: string;
    readonly result: 'passes' | 'refuses' | 'unknown';
    readonly why: string;
  }[];
};

/** How a service's handler is started: what `explain` prints. */
export type LaunchPlan = {
  readonly service: string;
  readonly origin: string;
  readonly mode: string;
  readonly answer: string;
  readonly file: string | null;
  readonly arguments: readonly string[];
  /** NAME=value; what depends on the client is written as `<client address>`. */
  readonly environment: readonly string[];
  readonly credentials: {
    readonly user: string;
    readonly group: string;
    readonly groups: readonly string[];
  } | null;
  readonly directory: string | null;
  readonly root: string | null;
  readonly umask: string | null;
  readonly nice: number | null;
  /** What each descriptor is: `0: the connection`. */
  readonly descriptors: readonly string[];
  /** `nofile 1024:4096`. */
  readonly resourceLimits: readonly string[];
  /** Of the service: `instances 64`, `rate 10 in 1s`. */
  readonly limits: readonly string[];
  /** Everything else that is set, a line each. */
  readonly further: readonly string[];
};

/** What `set` may change until the next reload; null takes a limit away. */
export type Tuning = {
  readonly instances?: number | null;
  readonly perSource?: number | null;
};

/** What an order came to; the order itself is in the path of the request. */
export type Done = {
  /** A sentence for whoever gave the order. */
  readonly what: string;
  /** Processes that were signalled, of `kill`. */
  readonly told?: number;
};

/** Closed list: what a client can act upon. */
export const controlErrors = [
  'bad-request',
  'forbidden',
  'not-found',
  'not-possible',
  'too-large',
  'too-many',
  'failed',
] as const;
export type ControlError = {
  readonly error: { readonly code: (typeof controlErrors)[number]; readonly message: string };
};

/** One record of `log --follow`: as the JSON log has it, one a line. */
export type LogRecord = { readonly [field: string]: unknown };
