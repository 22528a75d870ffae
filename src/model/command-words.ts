// `$NAME`, `${NAME}` and `$$` in the arguments of a command line, as systemd.service(5) replaces them.

/** A whole word `$NAME`: it becomes as many words as its value has. */
const isList = (word: string): boolean => /^\$(?![{$])/.test(word);

const inWord = /\$\$|\$\{([^}:]*)\}/g;

/** The names that words speak of, each once. */
export const namesInWords = (words: readonly string[]): readonly string[] => [
  ...new Set(
    words.flatMap((word) =>
      isList(word)
        ? [word.slice(1)]
        : [...word.matchAll(inWord)].flatMap(([, name]) => (name === undefined ? [] : [name])),
    ),
  ),
];

/** Words of a variable's value: quotation marks hold one together, a backslash takes the meaning of the next character. */
const splitValue = (value: string): readonly string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < value.length; index += 1) {
    const character = value.charAt(index);
    if (character === '\\' && index + 1 < value.length) {
      index += 1;
      word = (word ?? '') + value.charAt(index);
    } else if (quote === '' && /[ \t\n\r]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (character === quote) {
      quote = '';
    } else {
      word = (word ?? '') + character;
    }
  }
  return word === undefined ? words : [...words, word];
};

/** What nobody has set is empty, or no word at all. */
export const replaceVariables = (
  words: readonly string[],
  lookUp: (name: string) => string | undefined,
): readonly string[] =>
  words.flatMap((word) =>
    isList(word)
      ? splitValue(lookUp(word.slice(1)) ?? '')
      : [word.replace(inWord, (_, name?: string) => (name === undefined ? '$' : (lookUp(name) ?? '')))],
  );
