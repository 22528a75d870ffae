// One line `key = value ...` of a definition, and how values are quoted in it.

export type Line = readonly [key: string, ...values: readonly string[]];

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

/** Whatever could mean something else unquoted goes into quotes, control characters as escapes. */
export const quote = (value: string): string => {
  if (/^[A-Za-z0-9_./:@%+*-]+$/.test(value)) return value;
  const escaped = value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    /[\\"\u0000-\u001f\u007f]/g,
    (character) => escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
};

/** The first word of a definition has no escapes: parts with `"` go into `'`. */
export const quoteName = (name: string, mustQuote: boolean): string => {
  if (!mustQuote && /^[A-Za-z0-9_/@+][A-Za-z0-9_./@+-]*$/.test(name)) return name;
  return name === ''
    ? '""'
    : name.replace(/[^"]+|"+/g, (part) => (part.startsWith('"') ? `'${part}'` : `"${part}"`));
};

/** No line where nothing is set. */
export const optional = (key: string, value: string | number | undefined): readonly Line[] =>
  value === undefined ? [] : [[key, String(value)]];

/** A line only where the condition holds. */
export const lineIf = (condition: boolean, ...line: Line): readonly Line[] => (condition ? [line] : []);

export const octal = (mode: number): string => `0${mode.toString(8)}`;
