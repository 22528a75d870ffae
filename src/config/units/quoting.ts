// Words of unit files in both directions: quotes, C escapes, specifiers (%) and variables ($).

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

/** A percent sign begins a specifier wherever one is expanded. */
export const escapeSpecifiers = (text: string): string => text.replaceAll('%', '%%');

/** One word, as the lists of the kind `Environment=` take it. */
export const quoteWord = (word: string): string => {
  const text = escapeSpecifiers(word);
  if (/^[[\]A-Za-z0-9_./:=@,+%-]+$/.test(text)) return text;
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    /[\\"\u0000-\u001f\u007f]/g,
    (character) => escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
};

/** One argument of a command line, where a dollar sign begins a variable. */
export const quoteArgument = (word: string): string => quoteWord(word.replaceAll('$', '$$$$'));

/** Values that are taken as they stand, up to the end of the line. */
export const isPlainValue = (value: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a value is one line
  !/[\u0000-\u001f\u007f]|\\$|^\s|\s$/.test(value) && value !== '';

const simple: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
  ['s', ' '],
]);

/** Bytes of more than seven bits are parts of a character, which nobody writes so. */
const numbered = /^(?:x([0-7][0-9A-Fa-f])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([01][0-7]{2}))/;

/** What stands after a backslash: the character, and how much of the text it took. */
const readEscape = (text: string): { readonly character: string; readonly length: number } | undefined => {
  const known = simple.get(text.charAt(0));
  if (known !== undefined) return { character: known, length: 1 };
  const match = numbered.exec(text);
  if (match === null) return undefined;
  const [whole, byte, short, long, octal] = match;
  const code =
    octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  return code > 0 && code <= 0x10ffff
    ? { character: String.fromCodePoint(code), length: whole.length }
    : undefined;
};

export type UnitWord = { readonly text: string; readonly isQuoted: boolean };

/** The words of a value; undefined where a quotation mark is never closed or an escape is none. */
export const splitWords = (value: string): readonly UnitWord[] | undefined => {
  const words: UnitWord[] = [];
  let index = 0;
  while (index < value.length) {
    if (/\s/.test(value.charAt(index))) {
      index += 1;
      continue;
    }
    let text = '';
    let quote = '';
    let isQuoted = false;
    for (; index < value.length && (quote !== '' || !/\s/.test(value.charAt(index))); index += 1) {
      const character = value.charAt(index);
      if (character === '\\') {
        const escaped = readEscape(value.slice(index + 1, index + 10));
        if (escaped === undefined) return undefined;
        text += escaped.character;
        index += escaped.length;
      } else if (quote === '' && (character === '"' || character === "'")) {
        quote = character;
        isQuoted = true;
      } else if (character === quote) {
        quote = '';
      } else {
        text += character;
      }
    }
    if (quote !== '') return undefined;
    words.push({ text, isQuoted });
  }
  return words;
};

/** `%%` is a percent sign; undefined where there is any other specifier. */
export const expandSpecifiers = (text: string): string | undefined =>
  /%(?!%)/.test(text.replaceAll('%%', '')) ? undefined : text.replaceAll('%%', '%');

/** `$$` is a dollar sign; undefined where there is a variable. */
export const expandDollars = (text: string): string | undefined =>
  text.replaceAll('$$', '').includes('$') ? undefined : text.replaceAll('$$', '$');
