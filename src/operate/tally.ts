// What was counted of each service since the start of the server, across reloads, upgrades and the loss of nothing else.
import type { LastError, Occurrence } from '../model/control.ts';
import type { ExitStatus, Observer, RefusalReason } from '../model/event.ts';

/** How long something took, in buckets that grow by a constant factor; seconds. */
export type Durations = {
  readonly count: () => number;
  readonly sum: () => number;
  /** 0 <= share <= 1; undefined while nothing was recorded. */
  readonly quantile: (share: number) => number | undefined;
  /** How many took at most so long. */
  readonly atMost: (seconds: number) => number;
};

/** The counts of one service. accepted = served + failed + refused + those between accept and answer. */
export type ServiceTally = {
  readonly accepted: number;
  readonly served: number;
  readonly failed: number;
  readonly refusedBy: ReadonlyMap<RefusalReason, number>;
  readonly exits: ReadonlyMap<ExitStatus['kind'] | 'ok' | 'timeout' | 'error', number>;
  /** errno names of starts that failed. */
  readonly startFailures: ReadonlyMap<string, number>;
  readonly handlerTimes: Durations;
  /** From accept to exec; only counted while metrics are on. */
  readonly startTimes: Durations;
  readonly cpuSeconds: number;
  readonly largestMemory: number;
  readonly relayed: { readonly in: number; readonly out: number };
  readonly datagramsLost: number;
  readonly respawns: number;
  readonly suspensions: number;
  readonly lastError: LastError | undefined;
  readonly recent: readonly Occurrence[];
};

export type Tally = {
  readonly observer: Observer;
  /** undefined of a service that is not configured. */
  readonly of: (service: string) => ServiceTally | undefined;
  /** Those that are configured now; the counts of those that are gone go with them. */
  readonly setServices: (ids: readonly string[]) => void;
  /** Plain JSON, for the code that takes over. */
  readonly save: () => unknown;
  readonly restore: (saved: unknown) => void;
};
