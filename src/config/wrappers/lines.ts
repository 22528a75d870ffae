// The rules of hosts.allow as lines of text: continued lines are joined, comments are left out, a broken end is found.
import { type Mark, markToken, type SourceText } from '../source.ts';

/** One rule's text, and where in the file each part of it stands. */
export type RuleLine = {
  readonly text: string;
  /** The physical lines that were joined: each begins at `start` in `text`; `line` counts from 1. */
  readonly pieces: readonly { readonly start: number; readonly line: number }[];
};

export type RuleLines = {
  readonly lines: readonly RuleLine[];
  /** The line with which the file stops making sense to libwrap, and why. */
  readonly broken: { readonly line: RuleLine; readonly why: 'unterminated' | 'too-long' | 'nul' } | undefined;
};

/** Lines as libwrap has them: a carriage return belongs to its line, so that a backslash before it continues nothing. */
export const splitWrapperText = (text: string, file: string): SourceText => ({
  file,
  lines: text.replace(/^\uFEFF/, '').split('\n'),
});

/** Where a stretch of a rule's text stands; of one that goes over lines, what is in the first. */
export const markStretch = (source: SourceText, line: RuleLine, start: number, end: number): Mark => {
  const piece = line.pieces.findLast((candidate) => candidate.start <= start) ?? { start: 0, line: 1 };
  const written = source.lines[piece.line - 1] ?? '';
  const column = start - piece.start + 1;
  const width = Math.max(1, Math.min(end - start, written.length - column + 1));
  const text = line.text.slice(start, end);
  return markToken(source, { text, line: piece.line, column, width, isQuoted: false });
};

/** What libwrap has room for: one byte of its 2048 is for the end of the text. */
const largestLine = 2047;

/** With its line feed; no character has more than three bytes for each of its UTF-16 units. */
const fitsLine = (text: string): boolean =>
  text.length * 3 < largestLine || Buffer.byteLength(text) < largestLine;

const isRule = (text: string): boolean => !text.startsWith('#') && /[^ \t\r\n]/.test(text);

/**
 * libwrap gives up where the last line has no line feed, where a joined line is longer than its buffer, and where a NUL
 * hides the rest of a line.
 */
export const splitRules = (source: SourceText): RuleLines => {
  const lines: RuleLine[] = [];
  let text = '';
  let pieces: { readonly start: number; readonly line: number }[] = [];
  for (const [index, line] of source.lines.entries()) {
    const isLast = index === source.lines.length - 1;
    if (isLast && line === '' && text === '') break;
    pieces.push({ start: text.length, line: index + 1 });
    const joined = { text: text + line, pieces };
    if (line.includes('\0')) return { lines, broken: { line: joined, why: 'nul' } };
    if (!fitsLine(joined.text)) {
      return { lines, broken: { line: joined, why: 'too-long' } };
    }
    if (isLast) return { lines, broken: { line: joined, why: 'unterminated' } };
    if (line.endsWith('\\')) {
      text += line.slice(0, -1);
      continue;
    }
    if (isRule(joined.text)) lines.push(joined);
    text = '';
    pieces = [];
  }
  return { lines, broken: undefined };
};
