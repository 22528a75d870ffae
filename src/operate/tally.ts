// What was counted of each service since the start of the server, across reloads, upgrades and the loss of nothing else.
import type { Clock } from '../model/clock.ts';
import type { Event, Observer } from '../model/event.ts';
import { type Counts, count, createCounts, readCounts, type ServiceTally } from './counts.ts';
import { createDurationCounts, recordDuration } from './durations.ts';
import { createRecent, noteBadEnd, noteBuiltinEnd, noteFailure, noteRefusal, type Recent } from './recent.ts';
import { putBackCounts, type Reloads, saveCounts, savedReloads, savedServices } from './saved-counts.ts';

export type { ServiceTally } from './counts.ts';
export type { Durations } from './durations.ts';
export type { Reloads } from './saved-counts.ts';

export type Tally = {
  readonly observer: Observer;
  /** undefined of a service that is not configured. */
  readonly of: (service: string) => ServiceTally | undefined;
  /** Bytes of a connection that is over, in and out. */
  readonly addTraffic: (service: string, bytesIn: number, bytesOut: number) => void;
  readonly reloads: () => Reloads;
  /** Those that are configured now; the counts of those that are gone go with them. */
  readonly setServices: (ids: readonly string[]) => void;
  /** Plain JSON, for the code that takes over. */
  readonly save: () => unknown;
  /** Adds what save() gave, of an earlier process perhaps; what is not as save() writes it is left out. */
  readonly restore: (saved: unknown) => void;
};

type Kind = Event['kind'];

/** What is counted. That a connection's moments are known costs something, so who wants them says so. */
const counted: ReadonlySet<Kind> = new Set<Kind>([
  'accepted',
  'refused',
  'started',
  'start-failed',
  'exited',
  'builtin-started',
  'builtin-ended',
  'relayed',
  'datagrams-lost',
  'respawning',
  'suspended',
  'listen-failed',
  'daemon-failed',
  'applied',
  'reload-refused',
]);

const recentOf = (counts: Counts): Recent => {
  counts.recent ??= createRecent();
  return counts.recent;
};

/** `timesStarts`: how long it takes from accept to exec is counted too. */
export const createTally = (clock: Clock, { timesStarts = false } = {}): Tally => {
  let services = new Map<string, Counts>();
  /** Until the configuration is known, whatever happens belongs to a service. */
  let isKnown = false;
  let reloads: Reloads = { applied: 0, refused: 0, last: undefined };
  let hasStarted = false;

  const countsOf = (service: string): Counts | undefined => {
    const counts = services.get(service);
    if (counts !== undefined || isKnown) return counts;
    const fresh = createCounts();
    services.set(service, fresh);
    return fresh;
  };

  const onFailure = (
    counts: Counts,
    failure: { readonly code: string; readonly what: string },
    peer: Parameters<typeof noteFailure>[3],
  ): void => {
    const at = clock.now();
    counts.lastError = { at, what: failure.what };
    noteFailure(recentOf(counts), at, failure, peer);
  };

  const onExited = (counts: Counts, event: Extract<Event, { readonly kind: 'exited' }>): void => {
    const { status, duration, userTime, systemTime, peakKibibytes } = event;
    const isGood = status.kind === 'exit' && status.code === 0;
    counts.exits = count(counts.exits, isGood ? 'ok' : status.kind);
    counts.handlerTimes ??= createDurationCounts();
    recordDuration(counts.handlerTimes, duration / 1_000);
    counts.cpuSeconds += (userTime + systemTime) / 1_000;
    if (peakKibibytes !== undefined && peakKibibytes * 1_024 > counts.largestMemory)
      counts.largestMemory = peakKibibytes * 1_024;
    if (!isGood) noteBadEnd(recentOf(counts), clock.now(), status, event.peer);
  };

  const onBuiltinEnded = (
    counts: Counts,
    { duration, outcome, peer }: Extract<Event, { readonly kind: 'builtin-ended' }>,
  ): void => {
    counts.exits = count(counts.exits, outcome === 'ended' ? 'ok' : outcome);
    counts.handlerTimes ??= createDurationCounts();
    recordDuration(counts.handlerTimes, duration / 1_000);
    if (outcome !== 'ended') noteBuiltinEnd(recentOf(counts), clock.now(), outcome, peer);
  };

  /** Somebody who was counted as served, since he was told to be, and was not. */
  const takeBack = (counts: Counts, isBegun: boolean): void => {
    if (isBegun && counts.served > 0) counts.served -= 1;
  };

  const onLoad = (isApplied: boolean): void => {
    const last = { at: clock.wallClock(), isApplied };
    const { applied, refused } = reloads;
    reloads = isApplied
      ? { applied: applied + (hasStarted ? 1 : 0), refused, last }
      : { applied, refused: refused + 1, last };
    hasStarted ||= isApplied;
  };

  const observe = (event: Event): void => {
    if (event.kind === 'applied' || event.kind === 'reload-refused') onLoad(event.kind === 'applied');
    if (!('service' in event)) return;
    const counts = countsOf(event.service);
    if (counts === undefined) return;
    switch (event.kind) {
      case 'accepted':
        counts.accepted += event.count;
        break;
      case 'started':
      case 'builtin-started':
        counts.served += 1;
        break;
      case 'exited':
        onExited(counts, event);
        break;
      case 'builtin-ended':
        onBuiltinEnded(counts, event);
        break;
      case 'traced':
        if (!timesStarts) break;
        counts.startTimes ??= createDurationCounts();
        recordDuration(counts.startTimes, (event.executing - event.accepted) / 1e9);
        break;
      case 'refused':
        takeBack(counts, event.isBegun === true);
        counts.refusedBy = count(counts.refusedBy, event.reason);
        noteRefusal(recentOf(counts), clock.now(), event);
        break;
      case 'start-failed':
        takeBack(counts, event.pid !== undefined || event.isBegun === true);
        counts.failed += 1;
        counts.startFailures = count(counts.startFailures, event.failure.code);
        onFailure(counts, event.failure, event.peer);
        break;
      case 'listen-failed':
      case 'daemon-failed':
        onFailure(counts, event.failure, undefined);
        break;
      case 'relayed':
        counts.bytesIn += event.bytesIn;
        counts.bytesOut += event.bytesOut;
        break;
      case 'datagrams-lost':
        counts.datagramsLost += event.count;
        break;
      case 'respawning':
        counts.respawns += 1;
        break;
      case 'suspended':
        counts.suspensions += 1;
        break;
    }
  };

  return {
    observer: {
      observe,
      isWanted: (kind) => counted.has(kind) || (timesStarts && kind === 'traced'),
    },
    of: (service) => {
      const counts = services.get(service);
      return counts === undefined ? undefined : readCounts(counts, clock);
    },
    addTraffic: (service, bytesIn, bytesOut) => {
      const counts = services.get(service);
      if (counts === undefined) return;
      counts.trafficIn += bytesIn;
      counts.trafficOut += bytesOut;
    },
    reloads: () => reloads,
    setServices: (ids) => {
      services = new Map(ids.map((id) => [id, services.get(id) ?? createCounts()]));
      isKnown = true;
    },
    save: () => ({
      reloads: {
        applied: reloads.applied,
        refused: reloads.refused,
        last: reloads.last && { at: reloads.last.at.toISOString(), isApplied: reloads.last.isApplied },
      },
      services: Object.fromEntries([...services].map(([id, counts]) => [id, saveCounts(counts, clock)])),
    }),
    restore: (saved) => {
      const { applied, refused, last } = savedReloads(saved);
      reloads = {
        applied: reloads.applied + applied,
        refused: reloads.refused + refused,
        last: reloads.last ?? last,
      };
      // the configuration that comes next is not that of a start
      hasStarted ||= last !== undefined;
      for (const [id, each] of savedServices(saved)) {
        const counts = countsOf(id);
        if (counts !== undefined) putBackCounts(counts, each, clock);
      }
    },
  };
};
