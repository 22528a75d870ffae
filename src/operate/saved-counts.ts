// Counts as plain JSON, for the code that takes over: what comes back is looked at as anything from outside is.
import type { Clock } from '../model/clock.ts';
import type { Occurrence } from '../model/control.ts';
import { refusalReasons } from '../model/event.ts';
import { type Counts, count, dating, type Outcome, timing } from './counts.ts';
import { addSavedDurations, createDurationCounts, saveDurations } from './durations.ts';
import { createRecent, listRecent, putBack } from './recent.ts';

/** Those that only add up. */
const sums = [
  'accepted',
  'served',
  'failed',
  'cpuSeconds',
  'bytesIn',
  'bytesOut',
  'trafficIn',
  'trafficOut',
  'datagramsLost',
  'respawns',
  'suspensions',
] as const;
const outcomes = ['ok', 'exit', 'signal', 'timeout', 'error'] as const satisfies readonly Outcome[];
const kinds = ['refused', 'failed', 'ended-badly'] as const satisfies readonly Occurrence['kind'][];
/** As many as there are errno names, and not more. */
const mostKeys = 200;

type Fields = { readonly [field: string]: unknown };

const fieldsOf = (counts: ReadonlyMap<string, number> | undefined): Fields =>
  Object.fromEntries(counts ?? []);

export const saveCounts = (counts: Counts, clock: Clock): Fields => {
  const dateOf = dating(clock);
  const { recent } = counts;
  return {
    ...Object.fromEntries(sums.map((name) => [name, counts[name]])),
    largestMemory: counts.largestMemory,
    refusedBy: fieldsOf(counts.refusedBy),
    exits: fieldsOf(counts.exits),
    startFailures: fieldsOf(counts.startFailures),
    handlerTimes: saveDurations(counts.handlerTimes),
    startTimes: saveDurations(counts.startTimes),
    lastError: counts.lastError && { at: dateOf(counts.lastError.at), what: counts.lastError.what },
    recent: recent === undefined ? [] : listRecent(recent, dateOf),
  };
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const amountOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;

const entriesOf = (value: unknown): readonly [string, unknown][] =>
  isFields(value) ? Object.entries(value) : [];

/** New configurations, after that of the start. */
export type Reloads = {
  readonly applied: number;
  readonly refused: number;
  /** The last one, that of the start included. */
  readonly last: { readonly at: Date; readonly isApplied: boolean } | undefined;
};

/** Each service that was saved, with what was. */
export const savedServices = (saved: unknown): readonly [string, unknown][] =>
  isFields(saved) ? entriesOf(saved['services']) : [];

export const savedReloads = (saved: unknown): Reloads => {
  const { applied, refused, last } = isFields(saved) && isFields(saved['reloads']) ? saved['reloads'] : {};
  const at = isFields(last) && typeof last['at'] === 'string' ? new Date(last['at']) : undefined;
  return {
    applied: amountOf(applied),
    refused: amountOf(refused),
    last:
      isFields(last) && at !== undefined && !Number.isNaN(at.getTime())
        ? { at, isApplied: last['isApplied'] === true }
        : undefined,
  };
};

const addTo = <Key>(
  counts: Map<Key, number> | undefined,
  saved: unknown,
  keyOf: (name: string) => Key | undefined,
): Map<Key, number> | undefined => {
  let sum = counts;
  for (const [name, value] of entriesOf(saved).slice(0, mostKeys)) {
    const key = keyOf(name);
    if (key !== undefined) sum = count(sum, key, amountOf(value));
  }
  return sum;
};

const isDate = (value: unknown): value is string =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value));

/** Of a closed list, or nothing. */
const oneOf = <Name extends string>(names: readonly Name[], value: unknown): Name | undefined =>
  names.find((name) => name === value);

const occurrenceOf = (value: unknown): Occurrence | undefined => {
  if (!isFields(value)) return undefined;
  const { at, peer, what } = value;
  const kind = oneOf(kinds, value['kind']);
  if (kind === undefined || !isDate(at) || typeof what !== 'string') return undefined;
  const reason = oneOf(refusalReasons, value['reason']) ?? null;
  return { at, kind, reason, peer: typeof peer === 'string' ? peer : null, what };
};

/** Adds what saveCounts gave; what does not look like it is left out. */
export const putBackCounts = (counts: Counts, saved: unknown, clock: Clock): void => {
  if (!isFields(saved)) return;
  const timeOf = timing(clock);
  for (const name of sums) counts[name] += amountOf(saved[name]);
  counts.largestMemory = Math.max(counts.largestMemory, amountOf(saved['largestMemory']));
  counts.refusedBy = addTo(counts.refusedBy, saved['refusedBy'], (name) => oneOf(refusalReasons, name));
  counts.exits = addTo(counts.exits, saved['exits'], (name) => oneOf(outcomes, name));
  counts.startFailures = addTo(counts.startFailures, saved['startFailures'], (name) =>
    /^E[A-Z0-9]+$/.test(name) ? name : undefined,
  );
  for (const name of ['handlerTimes', 'startTimes'] as const) {
    const durations = saved[name];
    if (!Array.isArray(durations)) continue;
    counts[name] ??= createDurationCounts();
    addSavedDurations(counts[name], durations);
  }
  const { lastError, recent } = saved;
  if (isFields(lastError) && isDate(lastError['at']) && typeof lastError['what'] === 'string')
    counts.lastError ??= { at: timeOf(lastError['at']), what: lastError['what'] };
  if (!Array.isArray(recent)) return;
  // the newest first: there is not always room for all
  for (const each of recent.toReversed()) {
    const occurrence = occurrenceOf(each);
    if (occurrence === undefined) continue;
    counts.recent ??= createRecent();
    putBack(counts.recent, occurrence, timeOf(occurrence.at));
  }
};
