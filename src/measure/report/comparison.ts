// A page that compares many servers in many situations: bars with the spread of their rounds, and tables.
import { type BarGroup, type BarRow, barGrid } from './bars.ts';
import { drawGrowth, type Growth } from './growth.ts';
import { document, section, table } from './layout.ts';
import { fragment, type Markup } from './markup.ts';

/** One server (or run) in a group. */
export type ComparisonRow = BarRow;

/** One situation, such as a handler at a number of clients. Groups of one `section` that follow each other stand together. */
export type ComparisonGroup = BarGroup & { readonly section?: string | undefined };

/** The first column names the rows; the others hold figures, or text where `isText`. */
export type ComparisonTable = {
  readonly title: string;
  readonly section?: string | undefined;
  readonly columns: readonly { readonly title: string; readonly isText?: boolean }[];
  readonly rows: readonly (readonly string[])[];
};

export type ComparisonPage = {
  readonly title: string;
  /** One paragraph each. */
  readonly intro: readonly string[];
  readonly groups: readonly ComparisonGroup[];
  /** Figures against something that grows, such as latency against listeners. */
  readonly growths?: readonly Growth[];
  readonly tables?: readonly ComparisonTable[];
};

const sectionsOf = <Item extends { readonly section?: string | undefined }>(
  items: readonly Item[],
  without: string,
  draw: (items: readonly Item[]) => Markup,
): Markup => {
  const names = [...new Set(items.map((item) => item.section ?? without))];
  const drawn = names.map((name) =>
    section(name, draw(items.filter((item) => (item.section ?? without) === name))),
  );
  return fragment(...drawn);
};

const drawTable = ({ title, columns, rows }: ComparisonTable): Markup => {
  const [corner, ...others] = columns;
  const lines = rows.map(([heading, ...cells]) => ({ heading: heading ?? '', cells }));
  return table(title, corner?.title ?? '', others, lines);
};

/** One self-contained page, like that of `renderReport`. All texts are escaped. */
export const renderComparison = ({ title, intro, groups, growths, tables }: ComparisonPage): string =>
  document(
    title,
    intro,
    sectionsOf(groups, 'Comparison', barGrid),
    sectionsOf(growths ?? [], 'Growth', (each) => fragment(...each.map(drawGrowth))),
    sectionsOf(tables ?? [], 'Tables', (each) => fragment(...each.map(drawTable))),
  );
