// log_type, log_on_success and log_on_failure: a service's own log, and whether clients' users are asked for.
import { type Bytes, bytes } from '../../model/quantity.ts';
import { type LogDestination, syslogFacilities, syslogLevels } from '../../model/service-log.ts';
import type { Assignment } from './assignments.ts';
import type { Attributes } from './attributes.ts';
import type { Notes, Word } from './notes.ts';
import { isWord, readChoice, readPath, readSize } from './values.ts';

const kibibyte = 1024;

/** xinetd's own: one percent more than the soft limit, but at least 5 KiB and at most 20. */
const hardLimitAfter = (soft: Bytes): Bytes =>
  bytes(soft + Math.min(20 * kibibyte, Math.max(5 * kibibyte, Math.floor(soft / 100))));

const readFile = (words: readonly Word[], notes: Notes): LogDestination | undefined => {
  const [type, pathWord, softWord, hardWord, extra] = words;
  if (type === undefined) return undefined;
  if (pathWord === undefined) {
    return notes.error(type, 'the path of the log file is missing', 'write log_type = FILE /PATH');
  }
  if (extra !== undefined) {
    return notes.error(extra, 'a log file has a path and two limits', 'write FILE /PATH SOFT HARD');
  }
  const path = readPath(pathWord, notes);
  const soft = readSize(softWord, notes);
  const hard = readSize(hardWord, notes) ?? (soft === undefined ? undefined : hardLimitAfter(soft));
  if (path === undefined) return undefined;
  if (soft === undefined) return { kind: 'file', path, softLimit: undefined, hardLimit: undefined };
  if (hardWord !== undefined && hard !== undefined && hard < soft) {
    return notes.error(
      hardWord,
      `the hard limit ${hardWord.text} is less than the soft limit ${softWord?.text}`,
      'write the larger one last',
    );
  }
  return { kind: 'file', path, softLimit: soft, hardLimit: hard };
};

const readSyslog = (words: readonly Word[], notes: Notes): LogDestination | undefined => {
  const [type, facilityWord, levelWord, extra] = words;
  if (type === undefined) return undefined;
  if (facilityWord === undefined) {
    return notes.error(type, 'the facility is missing', 'write log_type = SYSLOG daemon info');
  }
  if (extra !== undefined) {
    return notes.error(extra, 'syslog has a facility and a level', 'write SYSLOG FACILITY LEVEL');
  }
  const facility = readChoice(facilityWord, syslogFacilities, 'syslog facility', notes);
  const level = levelWord === undefined ? 'info' : readChoice(levelWord, syslogLevels, 'syslog level', notes);
  return facility === undefined || level === undefined ? undefined : { kind: 'syslog', facility, level };
};

export const readLogType = (attributes: Attributes, notes: Notes): LogDestination | undefined => {
  const words = attributes.values('log_type');
  const place = attributes.place('log_type');
  if (words === undefined || place === undefined) return undefined;
  const [type] = words;
  if (type !== undefined && isWord(type, 'FILE')) return readFile(words, notes);
  if (type !== undefined && isWord(type, 'SYSLOG')) return readSyslog(words, notes);
  return notes.error(
    type ?? place,
    type === undefined ? "'log_type' has no value" : `'${type.text}' is no log type`,
    'write SYSLOG FACILITY LEVEL or FILE /PATH',
  );
};

/** The fields of a log, each with the place that added it. */
export type Fields<Field extends string> = ReadonlyMap<Field, Word>;

/** RECORD was a field once. */
const isGone = (word: Word, notes: Notes): boolean => {
  if (!isWord(word, 'RECORD')) return false;
  notes.warn(word, 'RECORD has no effect: nothing of what clients send is logged any more', 'remove it');
  return true;
};

const readField = <Field extends string>(
  word: Word,
  fields: readonly Field[],
  notes: Notes,
): Field | undefined =>
  readChoice(
    word,
    fields,
    'field of the log',
    notes,
    fields.map((field) => field.toUpperCase()),
  );

export const readFields = <Field extends string>(
  assignments: readonly Assignment[] | undefined,
  inherited: Fields<Field> | undefined,
  fields: readonly Field[],
  notes: Notes,
): Fields<Field> | undefined => {
  if (assignments === undefined) return inherited;
  const found = new Map(inherited ?? []);
  for (const { operator, values } of assignments) {
    if (operator === '=') found.clear();
    for (const word of values) {
      const field = isGone(word, notes) ? undefined : readField(word, fields, notes);
      if (field === undefined) continue;
      if (operator === '-=') found.delete(field);
      else found.set(field, word);
    }
  }
  return found;
};
