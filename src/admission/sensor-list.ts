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

/** In the order in which the times of each length end. */
export type SavedSensors = readonly {
  readonly source: Source;
  readonly address: string;
  readonly until: number;
  readonly length: number;
}[];

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
  readonly save: () => SavedSensors;
  readonly restore: (saved: SavedSensors) => void;
};

type Entry = {
  readonly source: Source;
  readonly address: string;
  readonly until: number;
  readonly row: Row;
  before: Entry | undefined;
  after: Entry | undefined;
};
/**
 * Those of one length of time, in the order in which it ends: a repeated call moves its entry to the end. A list of
 * links, because a Map that loses its first entry again and again looks at all the holes each time.
 */
type Row = { first: Entry | undefined; last: Entry | undefined };

const append = (row: Row, source: Source, address: string, until: number): Entry => {
  const entry = { source, address, until, row, before: row.last, after: undefined };
  if (row.last === undefined) row.first = entry;
  else row.last.after = entry;
  row.last = entry;
  return entry;
};

const takeOut = ({ row, before, after }: Entry): void => {
  if (before === undefined) row.first = after;
  else before.after = after;
  if (after === undefined) row.last = before;
  else after.before = before;
};

const whole = { v4: 32, v6: 128 };

/**
 * Lives as long as the process: a reload forgets nobody. Nothing ticks: what is over is dropped when the list is used.
 * When it is full, whoever would be let in first is let in now, so that a flood of invented senders cannot push out
 * those who are kept out for good.
 */
export const createSensorList = (): SensorList => {
  const entries = new Map<Source, Entry>();
  /** By their length: there are as many as sensors have different times. */
  const rows = new Map<number, Row>();

  const drop = (entry: Entry): void => {
    takeOut(entry);
    entries.delete(entry.source);
  };

  const dropExpired = (now: number): void => {
    for (const [length, row] of rows) {
      while (row.first !== undefined && row.first.until <= now) drop(row.first);
      if (row.first === undefined) rows.delete(length);
    }
  };

  const firstToGo = (): Entry | undefined => {
    let found: Entry | undefined;
    for (const { first } of rows.values()) {
      if (first !== undefined && (found === undefined || first.until < found.until)) found = first;
    }
    return found;
  };

  const rowOf = (length: number): Row => {
    const row = rows.get(length) ?? { first: undefined, last: undefined };
    rows.set(length, row);
    return row;
  };

  return {
    trap: (record, now, denyTime) => {
      const bytes = remoteBytes(record);
      if (denyTime === undefined || bytes === undefined) return false;
      dropExpired(now);
      const length = denyTime === 'forever' ? Number.POSITIVE_INFINITY : denyTime;
      const until = now + length;
      const source = sourceOf(record, whole);
      const known = entries.get(source);
      // another sensor's shorter time does not take anything back
      if (known !== undefined && known.until > until) return false;
      if (known !== undefined) drop(known);
      const first = entries.size < capacity ? undefined : firstToGo();
      if (first !== undefined) {
        if (first.until > until) return false;
        drop(first);
      }
      entries.set(source, append(rowOf(length), source, showAddressBytes(bytes), until));
      return known === undefined;
    },
    holds: (record, now) => {
      // most often there is nobody, and no key to be made
      if (entries.size === 0) return false;
      const known = entries.get(sourceOf(record, whole));
      return known !== undefined && known.until > now;
    },
    size: (now) => {
      dropExpired(now);
      return entries.size;
    },
    entries: (now) => {
      dropExpired(now);
      return [...entries.values()].map(({ address, until }) => ({
        address,
        left: until === Number.POSITIVE_INFINITY ? 'forever' : milliseconds(until - now),
      }));
    },
    save: () => {
      const saved: SavedSensors[number][] = [];
      for (const [length, { first }] of rows)
        for (let entry = first; entry !== undefined; entry = entry.after) {
          const { source, address, until } = entry;
          saved.push({ source, address, until, length });
        }
      return saved;
    },
    restore: (saved) => {
      for (const { source, address, until, length } of saved)
        entries.set(source, append(rowOf(length), source, address, until));
    },
  };
};
