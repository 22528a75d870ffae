// One line of an entry: ATTRIBUTE OPERATOR VALUES, and what people write there that xinetd takes otherwise.
import type { SourceText } from '../source.ts';
import { readWords, type WordRules } from '../words.ts';
import { type Notes, placeWord, type Word } from './notes.ts';

export type Reading = { readonly source: SourceText; readonly rules: WordRules };

export type Operator = '=' | '+=' | '-=';

export type Assignment = {
  /** As written; attributes are the same in upper and lower case. */
  readonly name: Word;
  readonly operator: Operator;
  readonly values: readonly Word[];
};

const pattern = /^([ \t]*)([^ \t=]+?)[ \t]*([-+]?=)/;

const operatorOf = (text: string | undefined): Operator => (text === '+=' || text === '-=' ? text : '=');

/** Blanks end values and nothing else has a meaning; the first of each kind of surprise is told. */
const warnOfSurprises = (values: readonly Word[], { rules }: Reading, notes: Notes): void => {
  const hash = values.find(({ text, isQuoted }) => text.startsWith('#') && !isQuoted);
  if (hash !== undefined) {
    notes.warn(
      hash,
      'this is no comment: it and what follows it are values',
      'write comments on lines of their own',
    );
  }
  const last = values.at(-1);
  if (last?.text === '\\' && !last.isQuoted) {
    notes.warn(
      last,
      'this backslash is a value of its own: no line is continued',
      'write all values in one line',
    );
  }
  const quote = values.find(({ text }) => /^["']|["']$/.test(text));
  if (quote !== undefined && rules.quoting === 'none') {
    notes.warn(
      quote,
      'quotation marks are ordinary characters here: blanks divide values all the same',
      'remove them, or run acceptd with --quotes',
    );
  }
};

/** undefined: the line has no operator, and nothing is said yet; `broken`: something is wrong and is said. */
export const readAssignment = (
  line: string,
  number: number,
  reading: Reading,
  notes: Notes,
): Assignment | 'broken' | undefined => {
  const match = pattern.exec(line);
  if (match === null) return undefined;
  const [all, blanks = '', text = '', operator] = match;
  const { source, rules } = reading;
  const place = { text, line: number, column: blanks.length + 1, width: text.length, isQuoted: false };
  const { tokens, unclosed } = readWords(line, number, all.length, rules);
  if (unclosed !== undefined) {
    notes.error(
      placeWord(unclosed, source),
      'the quotation mark is never closed',
      'close it on the same line',
    );
    return 'broken';
  }
  const values = tokens.map((token) => placeWord(token, source));
  warnOfSurprises(values, reading, notes);
  return { name: placeWord(place, source), operator: operatorOf(operator), values };
};
