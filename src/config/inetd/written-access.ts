// Who may come, how many and how fast, what is told to clients and to the service's log, as lines of a definition.
import { type Access, showClientPattern, type TimeRange } from '../../model/access.ts';
import type { Limits } from '../../model/limits.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import { defaultLoadOptions } from '../options.ts';
import { meanings } from './dialect.ts';
import { completeLimits } from './limits.ts';
import { type Line, lineIf, optional } from './written-line.ts';

/** `250ms`, `10s`: what reads back as the same number. */
export const span = (duration: Milliseconds): string =>
  duration % 1000 === 0 ? `${duration / 1000}s` : `${duration}ms`;

export const showTime = (minutes: number): string =>
  [Math.trunc(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

const showTimes = ({ from, to }: TimeRange): string => `${showTime(from)}-${showTime(to)}`;

const accessLinesOf = ({ onlyFrom, noAccess, times, maxLoad, wrapperName }: Access): readonly Line[] => [
  ...(onlyFrom === undefined ? [] : [['only_from', ...onlyFrom.map(showClientPattern)] as const]),
  ...lineIf(noAccess.length > 0, 'no_access', ...noAccess.map(showClientPattern)),
  ...lineIf(times.length > 0, 'access_times', ...times.map(showTimes)),
  ...optional('max_load', maxLoad),
  ...optional('libwrap', wrapperName),
];

export const accessLines = ({ access, identity, banners }: Service): readonly Line[] => {
  const words = [
    ...(identity?.whenAdmitted === true ? ['on_success'] : []),
    ...(identity?.whenRefused === true ? ['on_failure'] : []),
    ...(identity?.isRequired === true ? ['required'] : []),
  ];
  return [
    ...(access === undefined ? [] : accessLinesOf(access)),
    ...lineIf(words.length > 0, 'ident', ...words),
    ...optional('banner', banners?.always),
    ...optional('banner_success', banners?.success),
    ...optional('banner_fail', banners?.failure),
  ];
};

const showCount = (count: number | undefined): string => (count === 0 ? 'nobody' : String(count ?? 0));

export const limitLines = (service: Service): readonly Line[] => {
  const { limits } = service;
  const standard: Limits = completeLimits({}, service.mode, meanings.acceptd, defaultLoadOptions, true);
  const { rate, perSourceRate, sourcePrefix } = limits;
  const hasPrefix =
    sourcePrefix.v4 !== standard.sourcePrefix.v4 || sourcePrefix.v6 !== standard.sourcePrefix.v6;
  return [
    ...lineIf(limits.instances !== standard.instances, 'instances', showCount(limits.instances)),
    ...lineIf(limits.perSource !== undefined, 'per_source', showCount(limits.perSource)),
    ...(perSourceRate === undefined
      ? []
      : [['per_source_rate', `${perSourceRate.count}/${span(perSourceRate.window)}`] as const]),
    ...lineIf(hasPrefix, 'source_prefix', String(sourcePrefix.v4), String(sourcePrefix.v6)),
    ...(rate === undefined
      ? []
      : [['rate', `${rate.count}/${span(rate.window)}`, span(rate.pause)] as const]),
    ...lineIf(limits.onLimit !== standard.onLimit, 'on_limit', limits.onLimit),
    ...lineIf(limits.onRate !== standard.onRate, 'on_rate', limits.onRate),
    ...lineIf(limits.startRetries !== standard.startRetries, 'start_retries', String(limits.startRetries)),
  ];
};

export const logLines = ({ serviceLog }: Service): readonly Line[] => {
  if (serviceLog === undefined) return [];
  const { destination, onSuccess, onFailure } = serviceLog;
  const fields: readonly Line[] = [
    ...lineIf(onSuccess.length > 0, 'log_on_success', ...onSuccess),
    ...lineIf(onFailure.length > 0, 'log_on_failure', ...onFailure),
  ];
  if (destination.kind === 'syslog') {
    return [['log_syslog', destination.facility, destination.level], ...fields];
  }
  const { path, softLimit, hardLimit } = destination;
  const sizes = [
    ...(softLimit === undefined && hardLimit === undefined ? [] : [String(softLimit ?? 'none')]),
    ...(hardLimit === undefined ? [] : [String(hardLimit)]),
  ];
  return [['log_file', path, ...sizes], ...fields];
};
