// Who has called a sensor and is kept out of all services for a while.

import { showAddressBytes } from '../model/network.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { type ConnectionRecord, remoteBytes, sourceOf } from '../model/record.ts';
import type { Source } from './limits.ts';

const capacity = 10_240;

export type Trapped = {
  readonly address: string;
  /** How long it is still kept out. */
  readonly left: Milliseconds | 'forever';
};

export type SensorList = {
  /** Keeps a client out from now on, or for longer. True when it was not kept out before. */
  readonly trap: (
    record: ConnectionRecord,
    now: Milliseconds,
    denyTime: Milliseconds | 'forever' | undefined,
  ) => boolean;
  readonly holds: (record: ConnectionRecord, now: Milliseconds) => boolean;
  readonly size: (now: Milliseconds) => number;
  /** For a dump. */
  readonly entries: (now: Milliseconds) => readonly Trapped[];
};

type Entry = { readonly address: string; readonly until: number };
/** Those of one length of time, in the order in which it ends: a repeated call moves its entry to the end. */
type Shelf = Map<Source, Entry>;

const whole = { v4: 32, v6: 128 };

/**
 * Lives as long as the process: a reload forgets nobody. Nothing ticks: what is over is dropped when the list is used.
 * When it is full, whoever would be let in first is let in now, so that a flood of invented senders cannot push out
 * those who are kept out for good.
 */
export const createSensorList = (): SensorList => {
  const shelves = new Map<number, Shelf>();

  const dropExpired = (now: number): void => {
    for (const [length, shelf] of shelves) {
      for (const [source, { until }] of shelf) {
        if (until > now) break;
        shelf.delete(source);
      }
      if (shelf.size === 0) shelves.delete(length);
    }
  };

  const count = (): number => [...shelves.values()].reduce((sum, shelf) => sum + shelf.size, 0);

  const find = (source: Source): readonly [Shelf, Entry] | undefined => {
    for (const shelf of shelves.values()) {
      const entry = shelf.get(source);
      if (entry !== undefined) return [shelf, entry];
    }
    return undefined;
  };

  /** Takes out whoever would be let in first; false when that is the new one. */
  const makeRoom = (until: number): boolean => {
    let first: { readonly shelf: Shelf; readonly source: Source; readonly until: number } | undefined;
    for (const shelf of shelves.values()) {
      for (const [source, entry] of shelf) {
        if (first === undefined || entry.until < first.until) first = { shelf, source, until: entry.until };
        break;
      }
    }
    if (first === undefined || first.until > until) return false;
    return first.shelf.delete(first.source);
  };

  const put = (source: Source, length: number, entry: Entry): void => {
    const shelf = shelves.get(length) ?? new Map<Source, Entry>();
    shelves.set(length, shelf);
    shelf.set(source, entry);
  };

  return {
    trap: (record, now, denyTime) => {
      const bytes = remoteBytes(record);
      if (denyTime === undefined || bytes === undefined) return false;
      dropExpired(now);
      const length = denyTime === 'forever' ? Number.POSITIVE_INFINITY : denyTime;
      const until = now + length;
      const source = sourceOf(record, whole);
      const known = find(source);
      // another sensor's shorter time does not take anything back
      if (known !== undefined && known[1].until > until) return false;
      known?.[0].delete(source);
      if (known === undefined && count() >= capacity && !makeRoom(until)) return false;
      put(source, length, { address: showAddressBytes(bytes), until });
      return known === undefined;
    },
    holds: (record, now) => {
      if (shelves.size === 0) return false;
      const known = find(sourceOf(record, whole));
      return known !== undefined && known[1].until > now;
    },
    size: (now) => {
      dropExpired(now);
      return count();
    },
    entries: (now) => {
      dropExpired(now);
      return [...shelves.values()].flatMap((shelf) =>
        [...shelf.values()].map(({ address, until }) => ({
          address,
          left: until === Number.POSITIVE_INFINITY ? ('forever' as const) : milliseconds(until - now),
        })),
      );
    },
  };
};
