// The keys about a service's own log, in the words of xinetd.
import { type Bytes, parseBytes } from '../../model/quantity.ts';
import {
  failureFields,
  type LogDestination,
  type ServiceLog,
  successFields,
  syslogFacilities,
  syslogLevels,
} from '../../model/service-log.ts';
import { nearestWord } from '../nearest.ts';
import type { Report, Token } from '../source.ts';
import { type Keys, readChoice } from './keys.ts';

/** `none` stands for a limit that is not there, so that the second can be written without the first. */
const readLimit = (value: Token | undefined, report: Report): Bytes | undefined => {
  if (value === undefined || value.text === 'none') return undefined;
  return (
    parseBytes(value.text) ??
    report.error(value, `'${value.text}' is no size of a file`, 'write one as 500k, or none')
  );
};

const readFile = (values: readonly [Token, ...Token[]], report: Report): LogDestination | undefined => {
  const [path, soft, hard] = values;
  if (!path.text.startsWith('/') || path.text.endsWith('/')) {
    return report.error(path, `'${path.text}' is no absolute path of a file`, 'write one that begins with /');
  }
  const softLimit = readLimit(soft, report);
  const hardLimit = readLimit(hard, report);
  if (hard !== undefined && softLimit !== undefined && hardLimit !== undefined && softLimit > hardLimit) {
    return report.error(hard, 'the hard limit is below the soft one', 'write SOFT HARD');
  }
  return { kind: 'file', path: path.text, softLimit, hardLimit };
};

const readSyslog = (values: readonly [Token, ...Token[]], report: Report): LogDestination | undefined => {
  const [facilityWord, levelWord] = values;
  const facility = readChoice(facilityWord, syslogFacilities, report);
  const level = levelWord === undefined ? 'info' : readChoice(levelWord, syslogLevels, report);
  return facility === undefined || level === undefined ? undefined : { kind: 'syslog', facility, level };
};

const readDestination = (keys: Keys, report: Report): LogDestination | undefined => {
  const [path, ...limits] = keys.all('log_file') ?? [];
  const [facility, ...level] = keys.all('log_syslog') ?? [];
  const second = keys.place('log_syslog');
  if (path !== undefined && second !== undefined) {
    return report.error(second, "'log_file' and 'log_syslog' are two logs", 'keep one of them');
  }
  if (path !== undefined) return readFile([path, ...limits], report);
  return facility === undefined ? undefined : readSyslog([facility, ...level], report);
};

/** In the order of `fields`; the case does not matter, as in xinetd.conf, where they are written in capitals. */
const readFields = <Field extends string>(
  values: readonly Token[] | undefined,
  fields: readonly Field[],
  report: Report,
): readonly Field[] => {
  const words = (values ?? []).map((value) => {
    const word = value.text.toLowerCase();
    if (fields.some((field) => field === word)) return word;
    const nearest = nearestWord(word, fields);
    const advice = nearest === undefined ? 'write one of them' : `did you mean ${nearest}?`;
    report.error(value, `'${value.text}' is none of ${fields.join(', ')}`, advice);
    return undefined;
  });
  return fields.filter((field) => words.includes(field));
};

export const readLogKeys = (keys: Keys, report: Report): ServiceLog | undefined => {
  const destination = readDestination(keys, report);
  const onSuccess = readFields(keys.all('log_on_success'), successFields, report);
  const onFailure = readFields(keys.all('log_on_failure'), failureFields, report);
  if (keys.place('log_file') === undefined && keys.place('log_syslog') === undefined) {
    const place = keys.place('log_on_success') ?? keys.place('log_on_failure');
    if (place === undefined) return undefined;
    return report.error(place, `'${place.text}' has no log to write to`, 'write log_file or log_syslog too');
  }
  return destination && { destination, onSuccess, onFailure };
};
