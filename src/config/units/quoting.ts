// Words as unit files have them, for writing: quotes, C escapes, specifiers (%) and variables ($).

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

/** A percent sign begins a specifier wherever one is expanded; U+0000 stands for one that instances have. */
export const escapeSpecifiers = (text: string): string =>
  text.replaceAll('%', '%%').replace(/\0([A-Za-z])/g, '%$1');

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
