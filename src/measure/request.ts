// What a run of the benchmark is asked for, after the command line and before the load loop.
import type { LoadAddress } from '../native/load.ts';

/** Lengths of time are in seconds. */
export type Request = {
  /** How the run is called where several are compared. */
  readonly name: string;
  /** The target as it was given. */
  readonly target: string;
  readonly address: LoadAddress;
  /** Connections that may be under way at once; in a closed loop always so many are. */
  readonly clients: number;
  /** Connections that begin per second, whatever the server does: an open loop. */
  readonly rate: number | undefined;
  readonly arrivals: 'even' | 'poisson';
  /** Of the Poisson arrivals: the same seed gives the same moments. */
  readonly seed: number;
  /** One of the two ends the run. */
  readonly duration: number | undefined;
  readonly count: number | undefined;
  readonly warmUp: number;
  readonly timeout: number;
  readonly sends: Uint8Array;
  readonly expects: Uint8Array;
  readonly endsAt: 'end of file' | 'answer';
  readonly shutsDown: boolean;
  readonly resets: boolean;
  /** IPv4 addresses that the clients take turns with. */
  readonly sources: { readonly first: number; readonly count: number; readonly text: string } | undefined;
  /** Process whose tree's use of processor and memory is read. */
  readonly pid: number | undefined;
};
