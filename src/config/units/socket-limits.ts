// How many connections a socket unit lets in at once and how fast.
import type { Limits, Rate } from '../../model/limits.ts';
import { type Milliseconds, seconds } from '../../model/quantity.ts';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import { readNumber, readNumberIn, readRawWords, readSpan } from './values.ts';
import { unlimitedConnections } from './written-access.ts';

/** One IPv4 address, and what a site of IPv6 gets: who has a /64 has more addresses than can be counted. */
const defaultPrefix = { v4: 32, v6: 64 };

/** `X-SourcePrefix=V4 V6`, which is acceptd's own: how much of an address is one source. */
const readPrefix = (value: Value | undefined, unit: Unit): Limits['sourcePrefix'] => {
  if (value === undefined) return defaultPrefix;
  const [first, second, third] = readRawWords(value, unit) ?? [];
  if (first === undefined || second === undefined || third !== undefined) {
    unit.report.error(value, 'these are not two lengths of prefixes', 'write one as X-SourcePrefix=32 64');
    return defaultPrefix;
  }
  return {
    v4: readNumberIn(first, 0, 32, unit) ?? defaultPrefix.v4,
    v6: readNumberIn(second, 0, 128, unit) ?? defaultPrefix.v6,
  };
};

const largest = 4_294_967_295;

const readCount = (value: Value | undefined, unit: Unit): number | undefined =>
  readNumberIn(value, 0, largest, unit);

/**
 * undefined where neither directive is written, or one of them is 0. systemd has limits where none is written, too: the
 * trigger limit of 200 connections in 2 s kills a port for good, the poll limit of 150 holds a busy one up. Here nobody
 * is limited who has not asked for it, and what is written is a pause that ends by itself.
 */
const readRate = (
  unit: Unit,
  kind: 'TriggerLimit' | 'PollLimit',
  usual: { readonly window: Milliseconds; readonly count: number },
): Rate | undefined => {
  const values = unit.section('Socket');
  const interval = values.one(`${kind}IntervalSec`);
  const burst = values.one(`${kind}Burst`);
  if (interval === undefined && burst === undefined) return undefined;
  const span = readSpan(interval, unit) ?? usual.window;
  const count = readCount(burst, unit) ?? usual.count;
  if (span === 'infinity') {
    if (interval !== undefined && count > 0) {
      unit.report.error(interval, `${kind}IntervalSec= must end`, 'write a time, or 0 for no limit');
    }
    return undefined;
  }
  return span > 0 && count > 0 ? { count, window: span, pause: span } : undefined;
};

/** The one that lets fewer in. */
export const stricterRate = (left: Rate | undefined, right: Rate | undefined): Rate | undefined => {
  if (left === undefined || right === undefined) return left ?? right;
  return left.count / left.window <= right.count / right.window ? left : right;
};

const window = seconds(2);

/** Connections that acceptd accepts itself are counted; those of a relay by what copies, and it says how many. */
export const readLimits = (unit: Unit, answers: 'accept' | 'sockets' | 'relay'): Limits => {
  const { section, report } = unit;
  const values = section('Socket');
  const isAccepting = answers === 'accept';
  const mostAt = values.one('MaxConnections');
  const most = readNumber(mostAt, unit) ?? 64;
  if (isAccepting && mostAt !== undefined && most <= 0) {
    report.error(mostAt, 'with so few connections nobody would be let in', 'write 1 or more');
  }
  const perSource = readCount(values.one('MaxConnectionsPerSource'), unit) ?? 0;
  const trigger = readRate(unit, 'TriggerLimit', { window, count: isAccepting ? 200 : 20 });
  const poll = readRate(unit, 'PollLimit', { window, count: isAccepting ? 150 : 15 });
  const isWhole = answers === 'sockets';
  return {
    instances: isWhole ? 1 : !isAccepting || most >= unlimitedConnections ? undefined : most,
    perSource: isAccepting && perSource > 0 ? perSource : undefined,
    perSourceRate: undefined,
    sourcePrefix: readPrefix(values.one('X-SourcePrefix'), unit),
    rate: stricterRate(trigger, poll),
    onRate: 'hold',
    startRetries: 0,
    onLimit: isWhole ? 'hold' : 'refuse',
  };
};
