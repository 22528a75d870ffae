// Everything the engine tells its observers, as one union; what is not here is not logged, counted or shown.
import type { ListenAddress, Peer } from './address.ts';
import type { Milliseconds } from './quantity.ts';

/** The closed list of reasons for which a client is turned away (design.md, section 2). */
export const refusalReasons = [
  'access',
  'time',
  'instances',
  'per-source',
  'rate',
  'load',
  'descriptors',
  'processes',
  'header',
  'draining',
  'suspended',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/**
 * What turned a client away, where the reason has several: a list of addresses and names, a sensor that it had called,
 * hosts.allow and hosts.deny, its user who could not be told; a question about it that was not answered in time; the
 * limit of processes of all services together.
 */
export type RefusalCause = 'list' | 'sensor' | 'wrappers' | 'identity' | 'unanswered' | 'process-limit';

/** Why nobody could say who a client's user is, in the words of xinetd's log. */
export type IdentFailure =
  | 'no server'
  | 'timeout'
  | 'system error'
  | 'error while receiving response'
  | 'bad response';

/** Why acceptd ends a daemon. */
export type DaemonStop =
  | 'idle'
  | 'asked'
  | 'restart'
  | 'reload'
  | 'start-timeout'
  | 'runtime-limit'
  | 'watchdog'
  | 'drain';

/** Why the kernel said no: `code` is the errno's name, `what` a clear sentence part, as "cannot bind 0.0.0.0:79: address already in use". */
export type Failure = { readonly code: string; readonly what: string };

export type ExitStatus =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: number; readonly dumpedCore: boolean };

/**
 * What happened to a connection, stamped where it happened: nanoseconds on CLOCK_MONOTONIC_RAW, which is one clock for
 * all processes and the kernel. In this order, but that `spawned` overlaps what the child does.
 */
export type Moments = {
  /** epoll had said that somebody waits at the listener. */
  readonly ready: number;
  /** accept4(2) had returned. */
  readonly accepted: number;
  /** The client was admitted; the call that starts its handler was entered. */
  readonly spawning: number;
  /** clone(2) had returned in acceptd. */
  readonly spawned: number;
  /** The first instruction in the child. */
  readonly childBegan: number;
  /** Everything is as the handler is to find it; execve(2) is called next. */
  readonly executing: number;
  /** wait4(2) had returned. */
  readonly reaped: number;
};

/** A connection that was answered by a process of its own, when that was reaped. */
export type TracedConnection = Moments & {
  readonly kind: 'traced';
  readonly service: string;
  readonly pid: number;
  /** The client's; 0 of a unix socket. */
  readonly port: number;
  readonly status: ExitStatus;
};

export type Event =
  | { readonly kind: 'listening'; readonly service: string; readonly address: ListenAddress }
  | {
      readonly kind: 'listen-failed';
      readonly service: string;
      readonly address: ListenAddress;
      readonly failure: Failure;
      readonly retryIn: Milliseconds;
    }
  /** The kernel denied something without which the service serves all the same. */
  | { readonly kind: 'impaired'; readonly service: string; readonly failure: Failure }
  /** A socket that acceptd was started with and that no endpoint is for; it is closed. `what` describes it. */
  | { readonly kind: 'inherited-unused'; readonly name: string; readonly what: string }
  | { readonly kind: 'closed'; readonly service: string; readonly address: ListenAddress }
  /**
   * Clients (or datagrams that each get an answer) were taken from the queue; each is then answered, refused, or fails. The
   * start of a server for a whole socket counts as one. Nobody is a client at a sensor; what built-ins answer over
   * datagrams counts where it is told of, and a relay that reaches nobody as failed.
   */
  | { readonly kind: 'accepted'; readonly service: string; readonly count: number }
  | {
      readonly kind: 'refused';
      readonly service: string;
      readonly reason: RefusalReason;
      readonly cause: RefusalCause | undefined;
      readonly peer: Peer | undefined;
      /** It was told of before that this client is being answered. */
      readonly isBegun?: true;
    }
  /** The client's machine says who its user is; `pid` is that of the handler, where one was started. */
  | {
      readonly kind: 'identified';
      readonly service: string;
      readonly pid: number | undefined;
      readonly peer: Peer;
      readonly user: string;
    }
  | {
      readonly kind: 'unidentified';
      readonly service: string;
      readonly peer: Peer;
      readonly why: IdentFailure;
    }
  /** A relay has ended: what it took from the client and what it gave to it. */
  | {
      readonly kind: 'relayed';
      readonly service: string;
      readonly peer: Peer;
      readonly bytesIn: number;
      readonly bytesOut: number;
    }
  /** A sensor was called; `denyTime` as in the service. */
  | {
      readonly kind: 'trapped';
      readonly service: string;
      readonly peer: Peer;
      readonly denyTime: Milliseconds | 'forever' | undefined;
    }
  | {
      readonly kind: 'started';
      readonly service: string;
      readonly pid: number;
      readonly peer: Peer | undefined;
      /** A process of a daemon: it answers nobody in particular, and is no part of the accounts of clients. */
      readonly isDaemon?: true;
    }
  | {
      readonly kind: 'start-failed';
      readonly service: string;
      readonly pid: number | undefined;
      readonly failure: Failure;
      readonly peer: Peer | undefined;
      /** There is no pid, and yet it was told of before that this client is being answered. */
      readonly isBegun?: true;
      /** As in `started`. */
      readonly isDaemon?: true;
    }
  | {
      readonly kind: 'exited';
      readonly service: string;
      readonly pid: number;
      readonly status: ExitStatus;
      readonly duration: Milliseconds;
      readonly userTime: Milliseconds;
      readonly systemTime: Milliseconds;
      /** Peak resident memory in KiB; undefined where it never exceeded acceptd's own, which it starts from. */
      readonly peakKibibytes: number | undefined;
      readonly peer: Peer | undefined;
    }
  | TracedConnection
  | { readonly kind: 'builtin-started'; readonly service: string; readonly peer: Peer }
  | {
      readonly kind: 'builtin-ended';
      readonly service: string;
      readonly peer: Peer;
      readonly duration: Milliseconds;
      readonly outcome: 'ended' | 'timeout' | 'error';
    }
  | {
      readonly kind: 'loop-source-refused';
      readonly service: string;
      readonly peer: Peer;
      readonly suppressed: number;
    }
  | {
      readonly kind: 'mux-refused';
      readonly service: string;
      readonly peer: Peer;
      readonly requested: string;
    }
  | { readonly kind: 'datagrams-lost'; readonly service: string; readonly count: number }
  | {
      readonly kind: 'suspended';
      readonly service: string;
      readonly reason: RefusalReason;
      readonly pause: Milliseconds;
    }
  | { readonly kind: 'resumed'; readonly service: string }
  | { readonly kind: 'held'; readonly service: string; readonly limit: number }
  | {
      readonly kind: 'respawning';
      readonly service: string;
      readonly pause: Milliseconds;
      readonly failures: number;
    }
  | {
      readonly kind: 'shortage';
      readonly of: 'descriptors' | 'processes';
      readonly pause: Milliseconds;
      readonly failure: Failure;
    }
  | { readonly kind: 'handler-said'; readonly service: string; readonly pid: number; readonly line: string }
  | {
      readonly kind: 'rpc-registered';
      readonly service: string;
      readonly program: number;
      readonly version: number;
      readonly port: number;
    }
  | {
      readonly kind: 'rpc-failed';
      readonly service: string;
      readonly program: number;
      readonly failure: Failure;
    }
  | {
      readonly kind: 'applied';
      readonly opened: number;
      readonly kept: number;
      readonly retuned: number;
      readonly closed: number;
      readonly services: number;
      /** Of the services, those that are new; and the ids of those that are gone. */
      readonly added: number;
      readonly dropped: readonly string[];
    }
  /** A daemon takes connections now; so long after its start began. */
  | {
      readonly kind: 'daemon-ready';
      readonly service: string;
      readonly pid: number | undefined;
      readonly after: Milliseconds;
    }
  /** STATUS= of its notify socket, or what changed: it reloads, it stops by itself, another process is the main one. */
  | {
      readonly kind: 'daemon-said';
      readonly service: string;
      readonly pid: number;
      readonly what: 'status' | 'reloading' | 'stopping' | 'main-pid' | 'errno';
      readonly text: string;
    }
  /** acceptd ends it. */
  | {
      readonly kind: 'daemon-stopping';
      readonly service: string;
      readonly pid: number | undefined;
      readonly why: DaemonStop;
    }
  /** It ended, or did not come up; what follows is another start after a pause, or the next client's. */
  | {
      readonly kind: 'daemon-failed';
      readonly service: string;
      readonly pid: number | undefined;
      readonly failure: Failure;
      readonly restartIn: Milliseconds | undefined;
    }
  /** Clients wait and nobody accepts them though the daemon runs. */
  | {
      readonly kind: 'queue-stuck';
      readonly service: string;
      readonly address: ListenAddress;
      readonly waiting: number;
    }
  /** A message to a notify socket that does not count. */
  | {
      readonly kind: 'notify-ignored';
      readonly service: string;
      readonly pid: number;
      readonly why: string;
    }
  /** A daemon wanted to bind one of its service's addresses and got our socket. */
  | {
      readonly kind: 'adopted';
      readonly service: string;
      readonly pid: number;
      readonly address: ListenAddress;
    }
  /** It wanted to bind an address that is not quite one of its service's, and has got none or too few. */
  | {
      readonly kind: 'not-adopted';
      readonly service: string;
      readonly pid: number;
      readonly place: string;
      readonly why: string;
    }
  | { readonly kind: 'reload-refused'; readonly why: string }
  /** The end has begun; listeners stay open for so long. */
  | { readonly kind: 'stop-announced'; readonly delay: Milliseconds }
  | { readonly kind: 'draining'; readonly instances: number; readonly grace: Milliseconds }
  | { readonly kind: 'terminating'; readonly instances: number; readonly signal: 'TERM' | 'KILL' }
  | { readonly kind: 'stopped' };

/** Somebody who watches the engine; it must not throw and must not wait. */
export type Observer = {
  readonly observe: (event: Event) => void;
  /** An event that nobody wants is not even made. */
  readonly isWanted: (kind: Event['kind']) => boolean;
};
