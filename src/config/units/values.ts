// Readers of values of unit files: each says what is wrong and then gives undefined.
import {
  type Bytes,
  type Milliseconds,
  parseBytes,
  parseCount,
  parseDuration,
} from '../../model/quantity.ts';
import type { Report, Token } from '../source.ts';
import { expandSpecifiers, splitWords, type UnitWord } from './quoting.ts';
import type { Directive } from './syntax.ts';

/** The directives of one section by their names. */
export type Values = {
  /** Without those that an empty value takes back. */
  all(key: string): readonly Token[];
  /** The last one. */
  one(key: string): Token | undefined;
};

export const valuesOf = (directives: readonly Directive[], section: string): Values => {
  const found = new Map<string, Token[]>();
  for (const directive of directives) {
    if (directive.section !== section) continue;
    const { key, value } = directive;
    const earlier = value.text === '' ? [] : (found.get(key.text) ?? []);
    found.set(key.text, value.text === '' ? [] : [...earlier, value]);
  }
  return { all: (key) => found.get(key) ?? [], one: (key) => found.get(key)?.at(-1) };
};

export const readText = (value: Token | undefined, report: Report): string | undefined => {
  if (value === undefined) return undefined;
  return (
    expandSpecifiers(value.text) ??
    report.error(value, 'specifiers are not read yet', 'write %% for a percent sign')
  );
};

/** Words with their specifiers left alone. */
export const readRawWords = (value: Token, report: Report): readonly UnitWord[] =>
  splitWords(value.text) ??
  report.error(value, 'a quotation mark is never closed, or an escape is none', 'mend it') ??
  [];

export const readWords = (values: readonly Token[], report: Report): readonly string[] =>
  values.flatMap((value) =>
    readRawWords(value, report).flatMap(({ text }) => readText({ ...value, text }, report) ?? []),
  );

export const readNumber = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^[-+]?[0-9]+$/.test(value.text) ? Number(value.text) : undefined;
  return number ?? report.error(value, `'${value.text}' is no number`, 'write a whole number');
};

export const readOctal = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^[0-7]{1,5}$/.test(value.text) ? Number.parseInt(value.text, 8) : undefined;
  return number ?? report.error(value, `'${value.text}' is no octal number`, 'write one as 0660');
};

export const readSize = (value: Token | undefined, report: Report): Bytes | undefined => {
  if (value === undefined) return undefined;
  return parseBytes(value.text) ?? report.error(value, `'${value.text}' is no size`, 'write one as 64K');
};

export const readSpan = (value: Token | undefined, report: Report): Milliseconds | undefined => {
  if (value === undefined) return undefined;
  return (
    parseDuration(value.text) ?? report.error(value, `'${value.text}' is no time`, 'write one as 2s or 250ms')
  );
};

export const readSwitch = (value: Token | undefined, report: Report): boolean | undefined => {
  if (value === undefined) return undefined;
  const word = value.text.toLowerCase();
  if (/^(?:1|yes|y|true|t|on)$/.test(word)) return true;
  if (/^(?:0|no|n|false|f|off)$/.test(word)) return false;
  return report.error(value, `'${value.text}' is neither yes nor no`, 'write one of them');
};

/** `N` or `SOFT:HARD`, each a number or infinity. */
export const readResourceLimit = (
  value: Token,
  report: Report,
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
