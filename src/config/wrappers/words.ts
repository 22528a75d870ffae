// How libwrap takes a text apart: at a separator outside brackets, and into words.

/** A stretch of a rule's text; `start` is its place in there. */
export type Stretch = { readonly text: string; readonly start: number };

/**
 * The two sides of the first separator outside brackets. Brackets are counted, not paired: behind one that is closed
 * without having been opened there is no separator any more.
 */
export const splitAt = (
  { text, start }: Stretch,
  separator: string,
): readonly [Stretch, Stretch | undefined] => {
  if (!/[[\]]/.test(text)) {
    const index = text.indexOf(separator);
    if (index === -1) return [{ text, start }, undefined];
    return [
      { text: text.slice(0, index), start },
      { text: text.slice(index + 1), start: start + index + 1 },
    ];
  }
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '[') depth += 1;
    else if (character === ']') depth -= 1;
    else if (depth === 0 && character === separator) {
      return [
        { text: text.slice(0, index), start },
        { text: text.slice(index + 1), start: start + index + 1 },
      ];
    }
  }
  return [{ text, start }, undefined];
};

/** The same for a word whose first character is no separator: `@group` is no empty user at a host. */
export const splitWord = (word: Stretch, separator: string): readonly [Stretch, Stretch | undefined] => {
  const [left, right] = splitAt({ text: word.text.slice(1), start: word.start + 1 }, separator);
  return [{ text: word.text.slice(0, 1) + left.text, start: word.start }, right];
};

const isBetween = (character: string | undefined): boolean =>
  character === ' ' || character === ',' || character === '\t' || character === '\r' || character === '\n';

/** The words of a list, between blanks and commas. */
export const splitList = ({ text, start }: Stretch): readonly Stretch[] => {
  const words: Stretch[] = [];
  let begin = -1;
  for (let index = 0; index <= text.length; index++) {
    const isEnd = index === text.length || isBetween(text[index]);
    if (!isEnd && begin === -1) begin = index;
    if (!isEnd || begin === -1) continue;
    words.push({ text: text.slice(begin, index), start: start + begin });
    begin = -1;
  }
  return words;
};

/** Letters of A to Z are the same as those of a to z, and no others are. */
export const foldCase = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;

/** `word` is in capitals. */
export const isWord = (text: string, word: string): boolean =>
  text.length === word.length && text.toUpperCase() === word;
