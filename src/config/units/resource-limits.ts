// `LimitNOFILE=` and its kin: counts, sizes, times and levels of nice, soft and hard.
import { parseCount } from '../../model/quantity.ts';
import { type ResourceLimit, type ResourceName, resourceNames } from '../../model/service.ts';
import { parseSize, parseSpan } from './quantities.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';

const parseSeconds = (text: string): number | undefined => {
  const span = parseSpan(text);
  return typeof span === 'number' ? Math.ceil(span / 1000) : undefined;
};

/** A number alone is in microseconds. */
const parseMicroseconds = (text: string): number | undefined => {
  const span = parseSpan(text);
  return parseCount(text) ?? (typeof span === 'number' ? Math.round(span * 1000) : undefined);
};

/** With a sign the level of nice itself, from -20 to 19; without one what the limit has, which is 20 less that level. */
const parseNice = (text: string): number | undefined => {
  const level = /^[+-][0-9]{1,2}$/.test(text) ? Number(text) : undefined;
  if (level !== undefined) return level >= -20 && level <= 19 ? 20 - level : undefined;
  const raw = parseCount(text);
  return raw !== undefined && raw <= 40 ? raw : undefined;
};

const parsers: Readonly<Record<ResourceName, (text: string) => number | undefined>> = {
  cpu: parseSeconds,
  fsize: parseSize,
  data: parseSize,
  stack: parseSize,
  core: parseSize,
  rss: parseSize,
  nproc: parseCount,
  nofile: parseCount,
  memlock: parseSize,
  as: parseSize,
  locks: parseCount,
  sigpending: parseCount,
  msgqueue: parseSize,
  nice: parseNice,
  rtprio: parseCount,
  rttime: parseMicroseconds,
};

const readLimit = (value: Value, resource: ResourceName, { report }: Unit): readonly ResourceLimit[] => {
  const sides = value.text.split(':').map((side) => {
    const text = side.trim();
    return text === 'infinity' ? 'infinity' : parsers[resource](text);
  });
  const [soft, hard = soft] = sides;
  if (sides.length > 2 || sides.includes(undefined) || soft === undefined || hard === undefined) {
    report.error(value, `'${value.text}' is no limit`, 'write N, SOFT:HARD or infinity');
    return [];
  }
  if (hard !== 'infinity' && (soft === 'infinity' || soft > hard)) {
    report.error(value, `the soft limit of '${value.text}' is above the hard one`, 'write SOFT:HARD');
    return [];
  }
  const number = (side: number | 'infinity'): number | undefined => (side === 'infinity' ? undefined : side);
  return [{ resource, soft: number(soft), hard: number(hard) }];
};

export const limitKeys: readonly string[] = resourceNames.map((name) => `Limit${name.toUpperCase()}`);

export const readResourceLimits = (values: Values, unit: Unit): readonly ResourceLimit[] =>
  resourceNames.flatMap((resource) => {
    const value = values.one(`Limit${resource.toUpperCase()}`);
    return value === undefined ? [] : readLimit(value, resource, unit);
  });
