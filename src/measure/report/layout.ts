// What stands around the charts: figures with their keys, tables, notes, and the document itself.
import { type Child, element, fragment, type Markup } from './markup.ts';
import { classOf, type Look, widths } from './plot.ts';
import { style } from './style.ts';

export type Key = { readonly name: string; readonly look: Look; readonly isArea?: boolean };

/** What the colours mean. A name that has no room is cut by the style and told in full by its title. */
export const legend = (keys: readonly Key[]): Markup =>
  element(
    'ul',
    { class: 'legend' },
    ...keys.map(({ name, look, isArea }) =>
      element(
        'li',
        { title: name },
        element('span', { class: `key ${isArea === true ? 'area' : ''} ${classOf(look)}` }),
        element('span', { class: 'name' }, name),
      ),
    ),
  );

export type Drawn = {
  readonly title: string;
  readonly note?: string | undefined;
  readonly keys: readonly Key[];
  /** Draws the chart this wide. */
  readonly draw: (width: number) => Markup;
};

/** A chart in both widths; only one of them is shown, so that its text has the same size on every screen. */
export const figure = ({ title, note, keys, draw }: Drawn): Markup =>
  element(
    'figure',
    {},
    element(
      'figcaption',
      {},
      element('h3', {}, title),
      note === undefined ? undefined : element('p', { class: 'note' }, note),
    ),
    keys.length === 0 ? undefined : legend(keys),
    element('div', { class: 'wide' }, draw(widths.wide)),
    element('div', { class: 'narrow' }, draw(widths.narrow)),
  );

/** In the place of a chart that would have nothing to show. */
export const absence = (title: string, why: string): Markup =>
  element(
    'figure',
    {},
    element('figcaption', {}, element('h3', {}, title)),
    element('p', { class: 'absent' }, why),
  );

export type Column = { readonly title: string; readonly isText?: boolean };
export type Row = {
  readonly heading: string;
  readonly cells: readonly Child[];
  readonly kind?: 'error' | 'group' | undefined;
};

/** The first column names the rows. Columns hold figures unless they are said to be text. */
export const table = (
  caption: string,
  corner: string,
  columns: readonly Column[],
  rows: readonly Row[],
): Markup => {
  const kindOf = (column: Column | undefined): string => (column?.isText === true ? 'text' : 'figure');
  const head = columns.map((column) => element('th', { scope: 'col', class: kindOf(column) }, column.title));
  const lines = rows.map(({ heading, cells, kind }) =>
    kind === 'group'
      ? element(
          'tr',
          { class: kind },
          element('th', { scope: 'colgroup', colspan: columns.length + 1 }, heading),
        )
      : element(
          'tr',
          { class: kind },
          element('th', { scope: 'row' }, heading),
          ...cells.map((cell, index) => element('td', { class: kindOf(columns[index]) }, cell)),
        ),
  );
  return element(
    'div',
    { class: 'table', role: 'region', 'aria-label': caption, tabindex: 0 },
    element(
      'table',
      {},
      element('caption', {}, element('span', {}, caption)),
      element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, corner), ...head)),
      element('tbody', {}, ...lines),
    ),
  );
};

export const notice = (...text: readonly Child[]): Markup => element('p', { class: 'notice' }, ...text);

export const section = (title: string, ...children: readonly Child[]): Markup =>
  element('section', {}, element('h2', {}, title), ...children);

/** The page as it is written to a file: nothing in it is fetched from anywhere. */
export const document = (
  title: string,
  introduction: readonly string[],
  ...children: readonly Child[]
): string => {
  const head = fragment(
    { markup: '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' },
    { markup: '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">' },
    element('title', {}, title),
    element('style', {}, { markup: style }),
  );
  const header = element(
    'header',
    {},
    element('h1', {}, title),
    ...introduction.map((paragraph) => element('p', {}, paragraph)),
  );
  const body = element('body', {}, element('main', {}, header, ...children));
  const html = element('html', { lang: 'en' }, element('head', {}, head), body);
  return `<!doctype html>\n${html.markup}\n`;
};
