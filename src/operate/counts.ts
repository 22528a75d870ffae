// The numbers of one service, as they are counted and as they are read.
import type { Clock } from '../model/clock.ts';
import type { LastError, Occurrence } from '../model/control.ts';
import type { ExitStatus, RefusalReason } from '../model/event.ts';
import { type DurationCounts, type Durations, readDurations } from './durations.ts';
import { listRecent, type Recent } from './recent.ts';

export type Outcome = ExitStatus['kind'] | 'ok' | 'timeout' | 'error';

/** The counts of one service. accepted = served + failed + refused + those between accept and answer. */
export type ServiceTally = {
  readonly accepted: number;
  readonly served: number;
  readonly failed: number;
  readonly refusedBy: ReadonlyMap<RefusalReason, number>;
  readonly exits: ReadonlyMap<Outcome, number>;
  /** errno names of starts that failed. */
  readonly startFailures: ReadonlyMap<string, number>;
  readonly handlerTimes: Durations;
  /** From accept to exec; only counted while metrics are on. */
  readonly startTimes: Durations;
  readonly cpuSeconds: number;
  readonly largestMemory: number;
  readonly relayed: { readonly in: number; readonly out: number };
  /** Of TCP connections that are over and were no relay's; only counted while metrics are on. */
  readonly traffic: { readonly in: number; readonly out: number };
  readonly datagramsLost: number;
  readonly respawns: number;
  readonly suspensions: number;
  readonly lastError: LastError | undefined;
  readonly recent: readonly Occurrence[];
};

export type Counts = {
  accepted: number;
  served: number;
  failed: number;
  /** This and what follows is made when there is something to keep: most of thousands of services have nothing. */
  refusedBy: Map<RefusalReason, number> | undefined;
  exits: Map<Outcome, number> | undefined;
  startFailures: Map<string, number> | undefined;
  handlerTimes: DurationCounts | undefined;
  startTimes: DurationCounts | undefined;
  cpuSeconds: number;
  largestMemory: number;
  bytesIn: number;
  bytesOut: number;
  trafficIn: number;
  trafficOut: number;
  datagramsLost: number;
  respawns: number;
  suspensions: number;
  /** `at` is the engine's time. */
  lastError: { readonly at: number; readonly what: string } | undefined;
  recent: Recent | undefined;
};

export const createCounts = (): Counts => ({
  accepted: 0,
  served: 0,
  failed: 0,
  cpuSeconds: 0,
  largestMemory: 0,
  bytesIn: 0,
  bytesOut: 0,
  trafficIn: 0,
  trafficOut: 0,
  datagramsLost: 0,
  respawns: 0,
  suspensions: 0,
  refusedBy: undefined,
  exits: undefined,
  startFailures: undefined,
  handlerTimes: undefined,
  startTimes: undefined,
  lastError: undefined,
  recent: undefined,
});

/** One more of a kind; gives the map, which is made at the first. */
export const count = <Key>(counts: Map<Key, number> | undefined, key: Key, amount = 1): Map<Key, number> => {
  const map = counts ?? new Map<Key, number>();
  map.set(key, (map.get(key) ?? 0) + amount);
  return map;
};

/** Turns the engine's time into a date, by how long ago it was. */
export const dating = (clock: Clock): ((at: number) => string) => {
  const [now, today] = [clock.now(), clock.wallClock().getTime()];
  return (at) => new Date(today - (now - at)).toISOString();
};

/** The other way. */
export const timing = (clock: Clock): ((date: string) => number) => {
  const [now, today] = [clock.now(), clock.wallClock().getTime()];
  return (date) => now - (today - Date.parse(date));
};

/** What it was at this moment, but the maps, which go on counting. */
export const readCounts = (counts: Counts, clock: Clock): ServiceTally => {
  const { bytesIn, bytesOut, trafficIn, trafficOut, lastError, recent, ...rest } = counts;
  const dateOf = dating(clock);
  return {
    ...rest,
    refusedBy: rest.refusedBy ?? new Map(),
    exits: rest.exits ?? new Map(),
    startFailures: rest.startFailures ?? new Map(),
    handlerTimes: readDurations(rest.handlerTimes),
    startTimes: readDurations(rest.startTimes),
    relayed: { in: bytesIn, out: bytesOut },
    traffic: { in: trafficIn, out: trafficOut },
    lastError: lastError && { at: dateOf(lastError.at), what: lastError.what },
    recent: recent === undefined ? [] : listRecent(recent, dateOf),
  };
};
