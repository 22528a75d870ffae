// HTML and SVG as text: whatever is not made by `element` is escaped, so that no name of a run can become markup.

/** Text that is safe to write into a page as it is. */
export type Markup = { readonly markup: string };

export type Child = Markup | string | number | undefined;
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and for quoted attributes. Control characters are no characters of HTML and become U+FFFD. */
export const escapeText = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/(?![\t\n])\p{Cc}/gu, '\uFFFD')
    // the embedding and overriding marks would turn around what follows them
    .replace(/[\u202A-\u202E\u2066-\u2069]/g, '\uFFFD');

/** Coordinates need no more than a tenth of a pixel. */
const showNumber = (value: number): string =>
  Number.isFinite(value) ? String(Math.round(value * 10) / 10) : '0';

const showChild = (child: Child): string => {
  if (child === undefined) return '';
  if (typeof child === 'number') return showNumber(child);
  return typeof child === 'string' ? escapeText(child) : child.markup;
};

export const fragment = (...children: readonly Child[]): Markup => ({
  markup: children.map(showChild).join(''),
});

/** An attribute whose value is undefined is left out. */
export const element = (name: string, attributes: Attributes, ...children: readonly Child[]): Markup => {
  const written = Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [` ${key}="${typeof value === 'number' ? showNumber(value) : escapeText(value)}"`];
  });
  return { markup: `<${name}${written.join('')}>${children.map(showChild).join('')}</${name}>` };
};
