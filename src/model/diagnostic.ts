// What is wrong with a user's text, where, and what to do about it.

/** A place in a configuration text; line and column count from 1, columns in UTF-16 units. */
export type Origin = { readonly file: string; readonly line: number; readonly column: number };

export type Diagnostic = {
  readonly severity: 'error' | 'warning';
  readonly at: Origin;
  /** The line of the file as the user wrote it; empty where there is none (a missing file). */
  readonly source: string;
  /** How many columns of `source` from `at.column` on are meant; at least 1. */
  readonly width: number;
  /** What is wrong, in one clause, without a full stop. */
  readonly message: string;
  /** What to do, in one clause. */
  readonly advice: string;
};

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === 'error';

/** Nearly every text: asking costs less than looking for what there is not. */
const plain = /^[ -~]*$/;

/** Control characters of a user's file or a peer's text never reach a terminal or a log as they are. */
export const escapeControls = (text: string): string =>
  plain.test(text)
    ? text
    : text.replace(
        /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
        (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
      );

/** Of a line of a file, so that the place is on the screen. */
const mostShown = 200;
const before = 60;

const escapeButTabs = (text: string): string => text.split('\t').map(escapeControls).join('\t');

/** The part of a line around what is meant, and how much of that is left out before it. */
const windowOf = ({ source, at }: Diagnostic): { readonly shown: string; readonly start: number } => {
  if (source.length <= mostShown) return { shown: source, start: 0 };
  const start = Math.max(0, Math.min(at.column - 1 - before, source.length - mostShown));
  return { shown: source.slice(start, start + mostShown), start };
};

/**
 * `FILE:LINE:COLUMN: error: MESSAGE; ADVICE`, then the source line and a mark below the part that is meant.
 * A tab of the source stays a tab in both lines, so that the mark stands below its text.
 */
export const showDiagnostic = (diagnostic: Diagnostic): string => {
  const { at, severity, message, advice, width } = diagnostic;
  const head = `${at.file}:${at.line}:${at.column}: ${severity}: ${message}; ${advice}`;
  if (diagnostic.source === '') return escapeControls(head);
  const { shown, start } = windowOf(diagnostic);
  const from = at.column - 1 - start;
  // escaped too, so that the mark stands below what is meant
  const blank = escapeButTabs(shown.slice(0, from)).replace(/[^\t]/g, ' ');
  const mark = '^'.repeat(Math.max(1, escapeControls(shown.slice(from, from + width)).length));
  return `${escapeControls(head)}\n  ${escapeButTabs(shown)}\n  ${blank}${mark}`;
};
