// Lines for a terminal: columns that stand below each other, sentences that end at its width.
import { escapeControls } from '../model/diagnostic.ts';

/** How a text for a terminal is made. */
export type Look = {
  /** Columns of the terminal; tables of figures are never cut. */
  readonly width: number;
  readonly isUnicode: boolean;
  readonly isColored?: boolean;
};

const styles = { bold: '1', dim: '2', red: '31', yellow: '33' } as const;

export const styled = (text: string, style: keyof typeof styles, look: Look): string =>
  look.isColored === true ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;

/** A user's text in one line that does nothing to a terminal. */
export const plain = (text: string): string => escapeControls(text);

const least = 20; // columns in which a sentence can still be read

/** A blank, but for the one between a figure and its unit. */
const breakable = / (?!(?:µs|us|ms|s|KiB|MiB)(?![\p{L}\p{N}]))/u;

/** Breaks a text at blanks; it begins behind `prefix`, and what follows the first line is indented by so many columns. */
export const wrap = (text: string, width: number, indent: number, prefix = ''): string => {
  const room = Math.max(least + indent, width);
  const [first = '', ...words] = text.split(breakable);
  const lines: string[] = [];
  let line = prefix + first;
  for (const word of words) {
    if (line.length + 1 + word.length > room) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else line += ` ${word}`;
  }
  return [...lines, line].join('\n');
};

/** A name and a sentence beside it, as a paragraph of its own. */
export const entry = (name: string, text: string, look: Look): string =>
  wrap(text, look.width, entryIndent, name.padEnd(entryIndent));

const entryIndent = 13;

/** Rows of cells with two blanks between; the first column stands to the left, the others to the right. */
export const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

/** The text, or its beginning with a mark that something is missing. */
export const shorten = (text: string, width: number, look: Look): string => {
  if (text.length <= width) return text;
  const mark = look.isUnicode ? '…' : '...';
  return `${text.slice(0, Math.max(0, width - mark.length))}${mark}`;
};
