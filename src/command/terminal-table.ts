// Rows of cells that stand below each other on a terminal.
import { padEnd, padStart, type Screen, type Style, styled, widthOf } from './terminal-text.ts';

export type Cell = string | { readonly text: string; readonly style: Style | undefined };

export type Column = { readonly title: string; readonly side: 'left' | 'right' };

export type Table = {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
};

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''));

/** Columns as wide as their widest cell, the title among them. */
export const columnWidths = ({ columns, rows }: Table): readonly number[] =>
  columns.map(({ title }, index) =>
    rows.reduce((width, row) => Math.max(width, widthOf(textOf(row[index]))), widthOf(title)),
  );

export const tableWidth = (widths: readonly number[], gap: number): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1);

/** A row as a line without blanks at its end. */
export const tableLine = (
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly Cell[],
  gap: number,
  screen: Pick<Screen, 'isColored'>,
): string => {
  const last = row.findLastIndex((cell) => textOf(cell) !== '');
  return row
    .slice(0, last + 1)
    .map((cell, index) => {
      const [text, width] = [textOf(cell), widths[index] ?? 0];
      const isLast = index === last && columns[index]?.side === 'left';
      const shown =
        columns[index]?.side === 'right' ? padStart(text, width) : padEnd(text, isLast ? 0 : width);
      return styled(shown, typeof cell === 'object' ? cell.style : undefined, screen);
    })
    .join(' '.repeat(gap));
};

/** The titles and the rows below them. */
export const tableLines = (
  table: Table,
  gap: number,
  screen: Pick<Screen, 'isColored'>,
): readonly string[] => {
  const { columns, rows } = table;
  const widths = columnWidths(table);
  const titles = columns.map(({ title }): Cell => ({ text: title, style: 'bold' }));
  return [titles, ...rows].map((row) => tableLine(columns, widths, row, gap, screen));
};
