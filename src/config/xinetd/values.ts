// Readers of values: each gives undefined after it has said what is wrong.
import { type Bytes, bytes, parseCount } from '../../model/quantity.ts';
import { nearestWord } from '../nearest.ts';
import type { Notes, Word } from './notes.ts';

export const isWord = (word: Word, text: string): boolean => word.text.toLowerCase() === text.toLowerCase();

export const readSwitch = (word: Word | undefined, notes: Notes): boolean | undefined => {
  if (word === undefined) return undefined;
  if (isWord(word, 'yes')) return true;
  if (isWord(word, 'no')) return false;
  return notes.error(word, `'${word.text}' is neither yes nor no`, 'write one of them');
};

/** A whole number from `least` to `most`. */
export const readNumber = (
  word: Word | undefined,
  least: number,
  most: number,
  notes: Notes,
): number | undefined => {
  if (word === undefined) return undefined;
  const number = /^[-+]?[0-9]+$/.test(word.text) ? Number(word.text) : undefined;
  if (number !== undefined && number >= least && number <= most) return number === 0 ? 0 : number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  return notes.error(word, `'${word.text}' is no number ${range}`, 'write a whole number');
};

export const unlimited = 'unlimited';

/** A number, or UNLIMITED. */
export const readLimit = (word: Word | undefined, notes: Notes): number | typeof unlimited | undefined => {
  if (word === undefined) return undefined;
  if (isWord(word, unlimited)) return unlimited;
  const number = parseCount(word.text);
  return (
    number ??
    notes.error(word, `'${word.text}' is no number of 0 or more`, 'write a whole number, or UNLIMITED')
  );
};

/** `4096`, `64k`, `1M`: xinetd knows no other units. */
export const readSize = (word: Word | undefined, notes: Notes): Bytes | undefined => {
  if (word === undefined) return undefined;
  const [, digits = '', unit = ''] = /^([0-9]+)([km]?)$/i.exec(word.text) ?? [];
  const factor = unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1024 : 1024 ** 2;
  const value = (parseCount(digits) ?? Number.NaN) * factor;
  return Number.isSafeInteger(value)
    ? bytes(value)
    : notes.error(word, `'${word.text}' is no size`, 'write a number of bytes, or one with k or M behind it');
};

/** One word of a closed list, in upper or lower case; `shown` is how messages write the words. */
export const readChoice = <Choice extends string>(
  word: Word | undefined,
  choices: readonly Choice[],
  what: string,
  notes: Notes,
  shown: readonly string[] = choices,
): Choice | undefined => {
  if (word === undefined) return undefined;
  const choice = choices.find((candidate) => isWord(word, candidate));
  if (choice !== undefined) return choice;
  const nearest = nearestWord(
    word.text,
    shown.map((each) => each.toLowerCase()),
  );
  const meant = shown.find((each) => each.toLowerCase() === nearest);
  return notes.error(
    word,
    `'${word.text}' is no ${what}`,
    meant === undefined ? `write one of ${shown.join(', ')}` : `did you mean ${meant}?`,
  );
};

/** The daemon's working directory is the root of the file system. */
export const readPath = (word: Word | undefined, notes: Notes): string | undefined => {
  if (word === undefined) return undefined;
  if (word.text.startsWith('/')) return word.text;
  notes.warn(word, `'${word.text}' is taken as /${word.text}`, 'write an absolute path');
  return `/${word.text}`;
};
