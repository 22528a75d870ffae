// Tables that read the same on a terminal and as Markdown.

/** The first column names the rows. */
export type Table = { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] };

const line = (cells: readonly string[], widths: readonly number[]): string => {
  const padded = cells.map((cell, column) => {
    const width = widths[column] ?? 0;
    // Names to the left, figures to the right.
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `| ${padded.join(' | ')} |`;
};

export const renderTable = ({ header, rows }: Table): string => {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(header, widths), `| ${rule.join(' | ')} |`, ...rows.map((row) => line(row, widths))].join(
    '\n',
  );
};
