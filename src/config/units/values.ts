// Readers of values of unit files: each says what is wrong and then gives undefined.
import { type Bytes, type Milliseconds, parseCount } from '../../model/quantity.ts';
import { parseInteger, parseSize, parseSpan, parseSwitch } from './quantities.ts';
import { expand } from './specifiers.ts';
import { partOf, type Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import { splitWords } from './unquoting.ts';

/** Text with its specifiers replaced; U+0000 and a letter stand for one that only the instance knows. */
export const readText = (value: Value | undefined, { specifiers, report }: Unit): string | undefined => {
  if (value === undefined) return undefined;
  const { text, unknown } = expand(value.text, specifiers);
  for (const each of unknown) {
    report.warn(value, `'${each}' is no specifier that is known here, and stays as it is`, 'write %% for %');
  }
  return text;
};

/** A word, unquoted, with its own place in the file. */
export type Word = Value & { readonly isQuoted: boolean };

/** Words with their specifiers left alone; undefined where they cannot be told apart. */
export const readRawWords = (value: Value, { report }: Unit): readonly Word[] | undefined => {
  const { words, unclosed, unknownEscapes } = splitWords(value.text);
  for (const at of unknownEscapes) {
    report.warn(
      partOf(value, at, at + 2),
      'this is no escape, so the backslash is one',
      'write \\\\ for a backslash',
    );
  }
  if (unclosed !== undefined) {
    return report.error(partOf(value, unclosed), 'this quotation mark is never closed', 'close it');
  }
  return words.map(({ text, start, end, isQuoted }) => ({ ...partOf(value, start, end), text, isQuoted }));
};

/** Unquoted words of all values, specifiers replaced. */
export const readWords = (values: readonly Value[], unit: Unit): readonly string[] =>
  readWordTokens(values, unit).map(({ text }) => text);

/** The same with their places. */
export const readWordTokens = (values: readonly Value[], unit: Unit): readonly Word[] =>
  values.flatMap((value) =>
    (readRawWords(value, unit) ?? []).flatMap((word) => {
      const text = readText(word, unit);
      return text === undefined ? [] : [{ ...word, text }];
    }),
  );

const readWith =
  <Result>(parse: (text: string) => Result | undefined, what: string, advice: string) =>
  (value: Value | undefined, { report }: Unit): Result | undefined => {
    if (value === undefined) return undefined;
    return parse(value.text) ?? report.error(value, `'${value.text}' is ${what}`, advice);
  };

/** A whole number with a sign. */
export const readNumber = readWith(parseInteger, 'no number', 'write a whole number');

/** One from `least` to `most`. */
export const readNumberIn = (
  value: Value | undefined,
  least: number,
  most: number,
  unit: Unit,
): number | undefined => {
  const number = readNumber(value, unit);
  if (value === undefined || number === undefined || (number >= least && number <= most)) return number;
  return unit.report.error(value, `${value.text} is out of range`, `write ${least} to ${most}`);
};

export const readOctal = readWith(
  (text) => (/^0*[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : undefined),
  'no octal number of permissions',
  'write one as 0660',
);

/** Powers of 1024. */
export const readSize: (value: Value | undefined, unit: Unit) => Bytes | undefined = readWith(
  (text) => parseSize(text),
  'no size',
  'write one as 64K',
);

/** `infinity` is for the caller to take. */
export const readSpan: (value: Value | undefined, unit: Unit) => Milliseconds | 'infinity' | undefined =
  readWith(parseSpan, 'no time', 'write one as 2s, 250ms or 1min 30s');

export const readSwitch = readWith(parseSwitch, 'neither yes nor no', 'write one of them');

/** One of a few words. */
export const readChoice = <Choice extends string>(
  value: Value | undefined,
  choices: readonly Choice[],
  { report }: Unit,
): Choice | undefined => {
  if (value === undefined) return undefined;
  return (
    choices.find((choice) => choice === value.text) ??
    report.error(value, `'${value.text}' is not known here`, `write one of ${choices.join(', ')}`)
  );
};

/** An absolute path without `..`, with its doubled slashes taken away. */
export const readPath = (value: Value | undefined, unit: Unit): string | undefined => {
  const text = readText(value, unit);
  return value === undefined || text === undefined ? undefined : checkPath(value, text, unit);
};

export const checkPath = (at: Value, text: string, { report }: Unit): string | undefined => {
  if (!text.startsWith('/')) return report.error(at, `'${text}' is no absolute path`, 'begin it with /');
  if (/\/\.\.(?:\/|$)/.test(text)) return report.error(at, `'${text}' goes through ..`, 'write it without');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
};

/** `N` or `SOFT:HARD`, each a number or infinity. */
export const readResourceLimit = (
  value: Value,
  { report }: Unit,
): { readonly soft: number | undefined; readonly hard: number | undefined } | undefined => {
  const sides = value.text
    .split(':')
    .map((side) => (side === 'infinity' ? undefined : (parseCount(side) ?? Number.NaN)));
  const [soft, hard = sides.length > 1 ? undefined : soft] = sides;
  if (sides.length > 2 || Number.isNaN(soft) || Number.isNaN(hard)) {
    return report.error(value, `'${value.text}' is no limit`, 'write N or SOFT:HARD');
  }
  return { soft, hard };
};
