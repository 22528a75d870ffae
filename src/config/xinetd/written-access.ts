// Who may come, how many and how fast, what clients and logs are told, in the attributes of xinetd.conf.
import type { ClientPattern } from '../../model/access.ts';
import { showNetwork } from '../../model/network.ts';
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { showClientPattern, showTime } from '../inetd/written-access.ts';
import { splitTimes } from '../normal-form.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

/** Octets of zero at the end of an address of IPv4 would stand for a network. */
const showClient = (pattern: ClientPattern): string =>
  pattern.kind === 'network' && pattern.network.version === 4 && pattern.network.address.endsWith('.0')
    ? `${pattern.network.address}/${pattern.network.prefix}`
    : pattern.kind === 'network'
      ? showNetwork(pattern.network)
      : showClientPattern(pattern);

export const accessLines = ({ access, banners }: Service, report: LossReport): readonly Line[] => {
  const file = (attribute: string, field: string, path: string | undefined): readonly Line[] => {
    if (path === undefined || isWord(path)) return path === undefined ? [] : [[attribute, path]];
    report.lose(`banners.${field}`, `xinetd has no path with blanks for ${attribute}`, 'rename the file');
    return [];
  };
  const lines = [
    ...file('banner', 'always', banners?.always),
    ...file('banner_success', 'success', banners?.success),
    ...file('banner_fail', 'failure', banners?.failure),
  ];
  if (access === undefined) return lines;
  const times = splitTimes(access.times).map(({ from, to }) => `${showTime(from)}-${showTime(to)}`);
  return [
    ...(access.onlyFrom === undefined ? [] : [['only_from', ...access.onlyFrom.map(showClient)] as const]),
    ...lineIf(access.noAccess.length > 0, 'no_access', ...access.noAccess.map(showClient)),
    ...lineIf(times.length > 0, 'access_times', ...times),
    ...(access.maxLoad === undefined ? [] : [['max_load', String(access.maxLoad)] as const]),
    ...lines,
  ];
};

/** Only clients of one service at a time wait for a server that takes the whole socket. */
const usualOf = ({ mode }: Service): { readonly onRate: string; readonly onLimit: string } =>
  mode === 'whole-socket' ? { onRate: 'wait', onLimit: 'hold' } : { onRate: 'close', onLimit: 'refuse' };

const rateLines = ({ limits }: Service, usual: { readonly onRate: string }, report: LossReport): Line => {
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
    report.lose('limits.rate.pause', `cps has whole seconds: the pause is ${pause}`, 'nothing');
  }
  if (limits.onRate !== usual.onRate) {
    const what = usual.onRate === 'close' ? 'closes the port for the pause' : 'lets clients wait';
    report.lose('limits.onRate', `a service that starts too often ${what}`, 'nothing');
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
    report.lose('limits.instances', 'a server that waits is started once at a time', 'nothing');
    if (limits.instances === undefined) report.lose('limits.onLimit', 'further clients wait', 'nothing');
  }
  if (limits.perSourceRate !== undefined) {
    report.lose('limits.perSourceRate', 'xinetd does not count the starts of one client', 'use per_source');
  }
  if (isWhole && limits.perSource !== undefined) {
    report.lose('limits.perSource', 'nobody counts the clients of a server that waits', 'nothing');
  }
  const hasSources = limits.perSource !== undefined || limits.perSourceRate !== undefined;
  const { v4, v6 } = limits.sourcePrefix;
  if (hasSources && (v4 !== 32 || v6 !== 128)) {
    report.lose('limits.sourcePrefix', 'per_source counts single addresses, not networks', 'nothing');
  }
  return [
    ...lineIf(!isWhole, 'instances', limits.instances === undefined ? 'UNLIMITED' : String(limits.instances)),
    ...lineIf(isWhole && limits.instances === 0, 'instances', '0'),
    ...lineIf(!isWhole && limits.perSource !== undefined, 'per_source', String(limits.perSource)),
    rateLines(service, usual, report),
  ];
};
