// Sections of a unit file with their directives, as text.

export type Line = readonly [key: string, ...values: readonly string[]];

export type Section = { readonly name: string; readonly lines: readonly Line[] };

/** A comment that stays one line whatever is in it. */
export const showComment = (text: string): string => `# ${text.replace(/\s+/g, ' ').replace(/\\+$/, '')}`;

export const showUnit = (comments: readonly string[], sections: readonly Section[]): string =>
  [
    comments.map(showComment).join('\n'),
    ...sections.map(({ name, lines }) =>
      [`[${name}]`, ...lines.map(([key, ...values]) => `${key}=${values.join(' ')}`)].join('\n'),
    ),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');

export const optional = (key: string, value: string | number | undefined): readonly Line[] =>
  value === undefined ? [] : [[key, String(value)]];
