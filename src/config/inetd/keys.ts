// The assignments of one definition by their keys, and readers for the kinds of values they have.
import { type Milliseconds, parseCount, parseDuration } from '../../model/quantity.ts';
import { nearestWord } from '../nearest.ts';
import type { Report, Token } from '../source.ts';
import type { Assignment } from './assignments.ts';
import type { Meaning } from './dialect.ts';
import { keyRules } from './key-names.ts';

/** The values of each key that was assigned; a key is there with no values where none were written. */
export type Keys = {
  /** The key's own place; undefined where it is not assigned. */
  place(key: string): Token | undefined;
  all(key: string): readonly Token[] | undefined;
  /** The first value. */
  one(key: string): Token | undefined;
};

const knownKeys = (meaning: Meaning): readonly string[] =>
  [...keyRules].filter(([, rule]) => rule.isNetbsd || meaning.dialect === 'acceptd').map(([name]) => name);

const checkAssignment = (
  assignment: Assignment,
  earlier: Assignment | undefined,
  meaning: Meaning,
  report: Report,
): void => {
  const { key, values } = assignment;
  const rule = keyRules.get(key.text);
  const isNative = meaning.dialect === 'acceptd';
  if (rule === undefined) {
    const nearest = nearestWord(key.text, knownKeys(meaning));
    report.error(
      key,
      `unknown key '${key.text}'`,
      nearest === undefined ? 'remove it, or look it up in the manual' : `did you mean ${nearest}?`,
    );
    return;
  }
  if (!rule.isNetbsd && !isNative) {
    report.error(key, `${meaning.dialect} has no key '${key.text}'`, 'use .dialect acceptd for this entry');
    return;
  }
  if (earlier !== undefined && rule.repeats === 'error' && (isNative || !rule.lastWinsInNetbsd)) {
    report.error(key, `'${key.text}' is already given in line ${earlier.key.line}`, 'keep one of them');
  }
  const most = isNative || key.text !== 'bind' ? rule.most : 1;
  if (values.length < rule.least) {
    const [first] = values;
    if (first === undefined) report.error(key, `'${key.text}' has no value`, `write ${key.text} = VALUE`);
    else report.error(first, `'${key.text}' takes ${rule.least} values`, 'write the others too');
  } else if (values.length > most) {
    report.error(
      values[most] ?? key,
      `'${key.text}' takes ${most === 1 ? 'one value' : `at most ${most} values`}, not ${values.length}`,
      "quote a value that has blanks, and put ',' or ';' after the last",
    );
  }
};

/** Checks keys, repetitions and the number of values. */
export const indexKeys = (assignments: readonly Assignment[], meaning: Meaning, report: Report): Keys => {
  const found = new Map<string, Assignment>();
  for (const assignment of assignments) {
    const name = assignment.key.text;
    const earlier = found.get(name);
    checkAssignment(assignment, earlier, meaning, report);
    const isAdded = earlier !== undefined && keyRules.get(name)?.repeats === 'add';
    found.set(
      name,
      isAdded ? { key: earlier.key, values: [...earlier.values, ...assignment.values] } : assignment,
    );
    for (const value of assignment.values) {
      if (/[\0\uFFFD]/.test(value.text)) {
        report.error(value, 'this is not text in UTF-8', 'write the file in UTF-8, without NUL characters');
      }
    }
  }
  return {
    place: (key) => found.get(key)?.key,
    all: (key) => found.get(key)?.values,
    one: (key) => found.get(key)?.values[0],
  };
};

/** A whole number from `least` to `most`, also written as 0x10. */
export const readNumberValue = (
  value: Token | undefined,
  least: number,
  most: number,
  report: Report,
): number | undefined => {
  if (value === undefined) return undefined;
  const text = value.text;
  const number = /^0x[0-9a-f]{1,13}$/i.test(text) ? Number(text) : parseCount(text);
  if (number !== undefined && number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  return report.error(value, `'${text}' is no number ${range}`, 'write a whole number');
};

export const readDurationValue = (value: Token | undefined, report: Report): Milliseconds | undefined => {
  if (value === undefined) return undefined;
  const duration = parseDuration(value.text);
  return duration !== undefined && Number.isFinite(duration)
    ? duration
    : report.error(value, `'${value.text}' is no duration`, 'write one as 10s, 250ms or 10min');
};

const switches: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
]);

export const readSwitch = (value: Token | undefined, report: Report): boolean | undefined => {
  if (value === undefined) return undefined;
  return (
    switches.get(value.text) ??
    report.error(value, `'${value.text}' is neither yes nor no`, 'write one of them')
  );
};

/** One word of a closed list. */
export const readChoice = <Word extends string>(
  value: Token | undefined,
  words: readonly Word[],
  report: Report,
): Word | undefined => {
  if (value === undefined) return undefined;
  const word = words.find((candidate) => candidate === value.text);
  return word ?? report.error(value, `'${value.text}' is none of ${words.join(', ')}`, 'write one of them');
};
