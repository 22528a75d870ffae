// The keys about who may come: access lists, times, load, TCP wrappers, idents, and the banners that clients see.
import { dirname, join } from 'node:path';
import type { Access, Banners, ClientPattern, Identity, TimeRange } from '../../model/access.ts';
import type { Report, Token } from '../source.ts';
import { readClientPattern } from './client-pattern.ts';
import type { Keys } from './keys.ts';

const readPatterns = (keys: Keys, key: string, report: Report): readonly ClientPattern[] | undefined =>
  keys.all(key)?.flatMap((value) => readClientPattern(value, report) ?? []);

const readTime = (hours: string, minutes: string): number | undefined => {
  const time = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && time <= 24 * 60 ? time : undefined;
};

const readTimeRange = (value: Token, report: Report): TimeRange | undefined => {
  const match = /^([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})$/.exec(value.text);
  const from = match === null ? undefined : readTime(match[1] ?? '', match[2] ?? '');
  const to = match === null ? undefined : readTime(match[3] ?? '', match[4] ?? '');
  if (from !== undefined && to !== undefined) return { from, to };
  return report.error(value, `'${value.text}' is no range of times`, 'write one as 08:00-17:30');
};

const readLoad = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  const load = /^[0-9]+(?:\.[0-9]+)?(?:e-[0-9]+)?$/.test(value.text) ? Number(value.text) : 0;
  if (load > 0 && Number.isFinite(load)) return load;
  return report.error(value, `'${value.text}' is no load average`, 'write a number above 0, as 3.5');
};

const readWrapperName = (value: Token | undefined, report: Report): string | undefined => {
  if (value === undefined || value.text !== '') return value?.text;
  return report.error(value, 'the name for hosts.allow is empty', "write the daemon's name, as in.fingerd");
};

/** undefined where no key is there, which is what everybody's access is. */
export const readAccessKeys = (keys: Keys, report: Report): Access | undefined => {
  const access: Access = {
    onlyFrom: readPatterns(keys, 'only_from', report),
    noAccess: readPatterns(keys, 'no_access', report) ?? [],
    times: (keys.all('access_times') ?? []).flatMap((value) => readTimeRange(value, report) ?? []),
    maxLoad: readLoad(keys.one('max_load'), report),
    wrapperName: readWrapperName(keys.one('libwrap'), report),
  };
  const isOpen =
    access.onlyFrom === undefined &&
    access.noAccess.length === 0 &&
    access.times.length === 0 &&
    access.maxLoad === undefined &&
    access.wrapperName === undefined;
  return isOpen ? undefined : access;
};

/** As with programs, a path that is not absolute is relative to the file it stands in. */
const readBanner = (value: Token | undefined, report: Report): string | undefined => {
  if (value === undefined) return undefined;
  if (value.text === '' || value.text.endsWith('/')) {
    return report.error(value, `'${value.text}' is no file`, 'write the path of a file');
  }
  return value.text.startsWith('/') ? value.text : join(dirname(report.source.file), value.text);
};

export const readBannerKeys = (keys: Keys, report: Report): Banners | undefined => {
  const banners: Banners = {
    always: readBanner(keys.one('banner'), report),
    success: readBanner(keys.one('banner_success'), report),
    failure: readBanner(keys.one('banner_fail'), report),
  };
  const { always, success, failure } = banners;
  return always === undefined && success === undefined && failure === undefined ? undefined : banners;
};

const identityWords = ['on_success', 'on_failure', 'required'];

export const readIdentityKey = (keys: Keys, report: Report): Identity | undefined => {
  const values = keys.all('ident');
  if (values === undefined) return undefined;
  for (const value of values) {
    if (!identityWords.includes(value.text)) {
      report.error(value, `'${value.text}' is none of ${identityWords.join(', ')}`, 'write one of them');
    }
  }
  const has = (word: string): boolean => values.some(({ text }) => text === word);
  return { whenAdmitted: has('on_success'), whenRefused: has('on_failure'), isRequired: has('required') };
};
