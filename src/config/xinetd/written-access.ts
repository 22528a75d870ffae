// Who may come, how many and how fast, what clients and logs are told, in the attributes of xinetd.conf.
import { type ClientPattern, showClientPattern, type TimeRange } from '../../model/access.ts';
import type { Limits } from '../../model/limits.ts';
import { showNetwork } from '../../model/network.ts';
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { showTime } from '../inetd/written-access.ts';
import { normalOnRate, splitTimes } from '../normal-form.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

/** Octets of zero at the end of an address of IPv4 would stand for a network. */
const showClient = (pattern: ClientPattern): string =>
  pattern.kind === 'network' && pattern.network.version === 4 && pattern.network.address.endsWith('.0')
    ? `${pattern.network.address}/${pattern.network.prefix}`
    : pattern.kind === 'network'
      ? showNetwork(pattern.network)
      : showClientPattern(pattern);

/** A range that ends where it begins is a mistake to xinetd. */
const showTimes = (times: readonly TimeRange[], report: LossReport): readonly string[] =>
  splitTimes(times).map(({ from, to }) => {
    if (from < to) return `${showTime(from)}-${showTime(to)}`;
    report.lose('access.times', 'a time of one minute is two minutes');
    return from === 0 ? '00:00-00:01' : `${showTime(from - 1)}-${showTime(from)}`;
  });

/** Why the lists cannot be said. */
export const obstacleOf = ({ access, mode }: Service): string | undefined => {
  const isNamed = [...(access?.onlyFrom ?? []), ...(access?.noAccess ?? [])].some(
    ({ kind }) => kind !== 'network',
  );
  return isNamed && mode === 'whole-socket'
    ? 'xinetd cannot know the names of the clients of a server that waits'
    : undefined;
};

const bannerLines = ({ banners, mode, endpoints }: Service, report: LossReport): readonly Line[] => {
  if (banners !== undefined && (mode === 'whole-socket' || endpoints[0]?.socketType === 'dgram')) {
    report.lose('banners', 'only connections have banners');
    return [];
  }
  const file = (attribute: string, field: string, path: string | undefined): readonly Line[] => {
    if (path === undefined || isWord(path)) return path === undefined ? [] : [[attribute, path]];
    report.lose(`banners.${field}`, `xinetd has no path with blanks for ${attribute}`, 'rename the file');
    return [];
  };
  return [
    ...file('banner', 'always', banners?.always),
    ...file('banner_success', 'success', banners?.success),
    ...file('banner_fail', 'failure', banners?.failure),
  ];
};

export const accessLines = (service: Service, report: LossReport): readonly Line[] => {
  const { access } = service;
  const lines = bannerLines(service, report);
  if (access === undefined) return lines;
  const times = showTimes(access.times, report);
  return [
    ...(access.onlyFrom === undefined ? [] : [['only_from', ...access.onlyFrom.map(showClient)] as const]),
    ...lineIf(access.noAccess.length > 0, 'no_access', ...access.noAccess.map(showClient)),
    ...lineIf(times.length > 0, 'access_times', ...times),
    ...(access.maxLoad === undefined ? [] : [['max_load', String(access.maxLoad)] as const]),
    ...lines,
  ];
};

/** Only clients of one service at a time wait for a server that takes the whole socket. */
const usualOf = ({ mode }: Service): Pick<Limits, 'onRate' | 'onLimit'> =>
  mode === 'whole-socket' ? { onRate: 'wait', onLimit: 'hold' } : { onRate: 'close', onLimit: 'refuse' };

const rateLines = (
  { limits }: Service,
  usual: Pick<Limits, 'onRate' | 'onLimit'>,
  report: LossReport,
): Line => {
  const { rate } = limits;
  if (rate === undefined) return ['cps', '0', '10'];
  if (rate.window !== 1000) {
    report.lose(
      'limits.rate.window',
      `cps counts in a second, not in ${rate.window / 1000} s`,
      'choose a number of starts that suits a second',
    );
  }
  const pause = Math.ceil(rate.pause / 1000);
  if (pause * 1000 !== rate.pause) {
    report.lose('limits.rate.pause', `cps has whole seconds: the pause is ${pause}`);
  }
  if (normalOnRate(limits) !== normalOnRate({ ...limits, ...usual })) {
    const what = usual.onRate === 'close' ? 'closes the port for the pause' : 'lets clients wait';
    report.lose('limits.onRate', `a service that starts too often ${what}`);
  }
  return ['cps', String(rate.count), String(pause)];
};

export const limitLines = (service: Service, report: LossReport): readonly Line[] => {
  const { limits, mode } = service;
  const usual = usualOf(service);
  const isWhole = mode === 'whole-socket';
  if (limits.instances !== undefined && limits.onLimit !== usual.onLimit) {
    const what = usual.onLimit === 'refuse' ? 'turns clients away' : 'lets clients wait';
    report.lose('limits.onLimit', `a service that is full ${what}`, 'choose the number of instances for it');
  }
  if (isWhole && (limits.instances ?? 2) > 1) {
    report.lose('limits.instances', 'a server that waits is started once at a time');
  }
  if (limits.perSourceRate !== undefined) {
    report.lose('limits.perSourceRate', 'xinetd does not count the starts of one client', 'use per_source');
  }
  if (isWhole && limits.perSource !== undefined) {
    report.lose('limits.perSource', 'nobody counts the clients of a server that waits');
  }
  const hasSources = limits.perSource !== undefined || limits.perSourceRate !== undefined;
  const { v4, v6 } = limits.sourcePrefix;
  if (hasSources && (v4 !== 32 || v6 !== 128)) {
    report.lose('limits.sourcePrefix', 'per_source counts single addresses, not networks');
  }
  return [
    ...lineIf(!isWhole, 'instances', limits.instances === undefined ? 'UNLIMITED' : String(limits.instances)),
    ...lineIf(isWhole && limits.instances === 0, 'instances', '0'),
    ...lineIf(!isWhole && limits.perSource !== undefined, 'per_source', String(limits.perSource)),
    rateLines(service, usual, report),
  ];
};
