// The words of one line: blanks, quotes and trailing comments, each as the language has it.
import type { Token } from './source.ts';

/** Which quotation marks and comments a language has within a line. */
export type WordRules = {
  /** `leading`: a quotation mark counts only as the first character of a word; `anywhere`: as in a shell, without escapes. */
  readonly quoting: 'none' | 'leading' | 'anywhere';
  /** Where `#` starts a comment, besides the first column. */
  readonly comments: 'first-column' | 'before-word' | 'anywhere';
};

export type Words = {
  readonly tokens: readonly Token[];
  /** A word whose quotation mark is never closed. */
  readonly unclosed: Token | undefined;
};

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

const isQuote = (character: string | undefined): boolean => character === '"' || character === "'";

/** The index of the first character at or after `start` that is no blank. */
export const skipBlanks = (text: string, start: number): number => {
  let index = start;
  while (isBlank(text[index])) index += 1;
  return index;
};

type Word = { readonly text: string; readonly end: number; readonly isClosed: boolean };

const endOfPlainWord = (line: string, start: number, stopsAtQuote: boolean): number => {
  let index = start;
  while (index < line.length && !isBlank(line[index]) && !(stopsAtQuote && isQuote(line[index]))) index += 1;
  return index;
};

const readWord = (line: string, start: number, quoting: WordRules['quoting']): Word => {
  if (quoting === 'none' || (quoting === 'leading' && !isQuote(line[start]))) {
    const end = endOfPlainWord(line, start, false);
    return { text: line.slice(start, end), end, isClosed: true };
  }
  let text = '';
  let index = start;
  while (index < line.length && !isBlank(line[index])) {
    const quote = line[index];
    if (quote === undefined || !isQuote(quote)) {
      const end = endOfPlainWord(line, index, true);
      text += line.slice(index, end);
      index = end;
      continue;
    }
    const close = line.indexOf(quote, index + 1);
    if (close === -1) return { text: text + line.slice(index + 1), end: line.length, isClosed: false };
    text += line.slice(index + 1, close);
    index = close + 1;
    // Where only a leading quotation mark counts, the closing one ends the word.
    if (quoting === 'leading') break;
  }
  return { text, end: index, isClosed: true };
};

/** The words of `line` from the index `start` on, at most `most` of them. */
export const readWords = (
  line: string,
  lineNumber: number,
  start: number,
  rules: WordRules,
  most = Number.POSITIVE_INFINITY,
): Words => {
  const hash = rules.comments === 'anywhere' ? line.indexOf('#', start) : -1;
  const text = hash === -1 ? line : line.slice(0, hash);
  const tokens: Token[] = [];
  let unclosed: Token | undefined;
  let index = skipBlanks(text, start);
  while (index < text.length && tokens.length < most) {
    if (text[index] === '#' && rules.comments === 'before-word') break;
    const word = readWord(text, index, rules.quoting);
    const token: Token = {
      text: word.text,
      line: lineNumber,
      column: index + 1,
      width: word.end - index,
      isQuoted: rules.quoting !== 'none' && isQuote(text[index]),
    };
    tokens.push(token);
    if (!word.isClosed) unclosed = token;
    index = skipBlanks(text, word.end);
  }
  return { tokens, unclosed };
};
