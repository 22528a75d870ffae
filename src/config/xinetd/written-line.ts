// One line `attribute = value ...` of xinetd.conf, whose values are words that nothing can quote.

export type Line = readonly [attribute: string, ...values: readonly string[]];

// biome-ignore lint/suspicious/noControlCharactersInRegex: none of these can be written
export const isWord = (text: string): boolean => /^[^\s\u0000-\u001f\u007f]+$/.test(text);

/** A line only where the condition holds. */
export const lineIf = (condition: boolean, ...line: Line): readonly Line[] => (condition ? [line] : []);

export const showLine = ([attribute, ...values]: Line): string =>
  `\t${attribute.padEnd(15)} = ${values.join(' ')}`.trimEnd();

/** A comment that stays one line whatever is in it. */
export const showComment = (text: string): string => `# ${text.replace(/\s+/g, ' ')}`;
