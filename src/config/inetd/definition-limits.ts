// The keys about limits: NetBSD's, xinetd's cps, and acceptd's own.
import type { Rate } from '../../model/limits.ts';
import { type Milliseconds, parseCount, parseDuration, seconds } from '../../model/quantity.ts';
import type { Report, Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import { type Keys, readChoice, readDurationValue, readNumberValue } from './keys.ts';
import type { WrittenLimits } from './limits.ts';

const most = Number.MAX_SAFE_INTEGER;

type CountOver = { readonly count: number; readonly window: Milliseconds };

/** `N/60s`; N alone counts in a minute. */
const readCountOver = (value: Token, report: Report): CountOver | undefined => {
  const [number = '', length, ...others] = value.text.split('/');
  const count = parseCount(number);
  const window = length === undefined ? seconds(60) : parseDuration(length);
  if (
    count === undefined ||
    window === undefined ||
    window <= 0 ||
    !Number.isFinite(window) ||
    others.length > 0
  ) {
    return report.error(value, `'${value.text}' is no rate`, 'write NUMBER/DURATION, as 100/60s');
  }
  return { count, window };
};

const readRate = (keys: Keys, meaning: Meaning, report: Report): Rate | 'none' | undefined => {
  const [value, pauseValue] = keys.all('rate') ?? [];
  if (value !== undefined) {
    if (value.text === 'none') return 'none';
    const over = readCountOver(value, report);
    const pause = readDurationValue(pauseValue, report) ?? meaning.pause;
    return over === undefined ? undefined : over.count === 0 ? 'none' : { ...over, pause };
  }
  const [perSecond, cpsPause] = keys.all('cps') ?? [];
  if (perSecond === undefined) return undefined;
  const count = readNumberValue(perSecond, 0, most, report);
  const pause = readDurationValue(cpsPause, report) ?? seconds(10);
  return count === undefined ? undefined : count === 0 ? 'none' : { count, window: seconds(1), pause };
};

const readPrefix = (keys: Keys, report: Report): WrittenLimits['sourcePrefix'] => {
  const [first, second] = keys.all('source_prefix') ?? [];
  if (first === undefined) return undefined;
  const v4 = readNumberValue(first, 0, 32, report);
  const v6 = second === undefined ? 64 : readNumberValue(second, 0, 128, report);
  return v4 === undefined || v6 === undefined ? undefined : { v4, v6 };
};

/** `nobody` is a limit that lets nobody in: 0 is no limit. */
const readCount = (value: Token | undefined, report: Report): number | 'nobody' | undefined =>
  value?.text === 'nobody' ? 'nobody' : readNumberValue(value, 0, most, report);

/** Two keys that set one thing. */
const refuseBoth = (keys: Keys, first: string, second: string, report: Report): void => {
  const place = keys.place(second);
  if (keys.place(first) === undefined || place === undefined) return;
  report.error(place, `'${first}' and '${second}' set the same limit`, 'keep one of them');
};

export const readLimitKeys = (keys: Keys, meaning: Meaning, report: Report): WrittenLimits => {
  refuseBoth(keys, 'instances', 'accept_max', report);
  refuseBoth(keys, 'per_source_rate', 'ip_max', report);
  refuseBoth(keys, 'rate', 'cps', report);
  refuseBoth(keys, 'rate', 'service_max', report);
  if (keys.place('rate') === undefined) refuseBoth(keys, 'cps', 'service_max', report);
  const instances = readCount(keys.one('instances') ?? keys.one('accept_max'), report);
  const perSource = readCount(keys.one('per_source'), report);
  const perSourceRateValue = keys.one('per_source_rate');
  const perSourceOver = perSourceRateValue && readCountOver(perSourceRateValue, report);
  const perSourceRate =
    perSourceOver === undefined || perSourceOver.count === 0
      ? (perSourceOver?.count ?? readNumberValue(keys.one('ip_max'), 0, most, report))
      : perSourceOver;
  const sourcePrefix = readPrefix(keys, report);
  const startsPerMinute = readNumberValue(
    keys.one('service_max'),
    meaning.dialect === 'netbsd' ? 1 : 0,
    most,
    report,
  );
  const rate = readRate(keys, meaning, report);
  const onLimit = readChoice(keys.one('on_limit'), ['hold', 'refuse'], report);
  const onRate = readChoice(keys.one('on_rate'), ['wait', 'hold', 'close'], report);
  const startRetries = readNumberValue(keys.one('start_retries'), 0, 1000, report);
  return {
    ...(instances === undefined ? {} : { instances }),
    ...(perSource === undefined ? {} : { perSource }),
    ...(perSourceRate === undefined ? {} : { perSourceRate }),
    ...(sourcePrefix === undefined ? {} : { sourcePrefix }),
    ...(startsPerMinute === undefined ? {} : { startsPerMinute }),
    ...(rate === undefined ? {} : { rate }),
    ...(onLimit === undefined ? {} : { onLimit }),
    ...(onRate === undefined ? {} : { onRate }),
    ...(startRetries === undefined ? {} : { startRetries }),
  };
};
