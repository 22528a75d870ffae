// Words of values as systemd.syntax(7) splits them: quotes and C escapes.

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

const numbered = /^(?:x([0-7][0-9A-Fa-f])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([01][0-7]{2}))/;

/** Bytes of more than seven bits, which make a character together. */
const highBytes = /^(?:\\?(?:x[89A-Fa-f][0-9A-Fa-f]|[23][0-7]{2}))+/;

const decoder = new TextDecoder('utf-8', { fatal: true });

type Escape = { readonly character: string; readonly length: number };

const readHighBytes = (text: string): Escape | undefined => {
  const [whole] = highBytes.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const bytes = [...whole.matchAll(/x(..)|([0-7]{3})/g)].map(([, hex, octal = '']) =>
    hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16),
  );
  try {
    return { character: decoder.decode(Uint8Array.from(bytes)), length: whole.length };
  } catch {
    // no character of UTF-8
    return undefined;
  }
};

/** What stands after a backslash: the character, and how much of the text it took. */
const readEscape = (text: string): Escape | undefined => {
  const known = simple.get(text.charAt(0));
  if (known !== undefined) return { character: known, length: 1 };
  const match = numbered.exec(text);
  if (match === null) return readHighBytes(text);
  const [whole, byte, short, long, octal] = match;
  const code =
    octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? { character: String.fromCodePoint(code), length: whole.length } : undefined;
};

export type UnitWord = {
  readonly text: string;
  /** Where it stands in the value. */
  readonly start: number;
  readonly end: number;
  /** Some of it stood in quotation marks or was escaped, so that it is no `;` of a list of commands. */
  readonly isQuoted: boolean;
};

export type Words = {
  readonly words: readonly UnitWord[];
  /** Where a quotation mark is that is never closed; the word is not among the words. */
  readonly unclosed: number | undefined;
  /** Where backslashes are that begin no escape: they stay as they are. */
  readonly unknownEscapes: readonly number[];
};

const isBlank = (character: string): boolean => /[ \t\n\r]/.test(character);

export const splitWords = (value: string): Words => {
  const words: UnitWord[] = [];
  const unknownEscapes: number[] = [];
  let index = 0;
  while (index < value.length) {
    if (isBlank(value.charAt(index))) {
      index += 1;
      continue;
    }
    const start = index;
    let text = '';
    let quote = '';
    let quotedAt = start;
    let isQuoted = false;
    for (; index < value.length && (quote !== '' || !isBlank(value.charAt(index))); index += 1) {
      const character = value.charAt(index);
      if (character === '\\') {
        const escaped = readEscape(value.slice(index + 1, index + 40));
        if (escaped === undefined) unknownEscapes.push(index);
        isQuoted = true;
        text += escaped?.character ?? '\\';
        index += escaped?.length ?? 0;
      } else if (quote === '' && (character === '"' || character === "'")) {
        quote = character;
        quotedAt = index;
        isQuoted = true;
      } else if (character === quote) {
        quote = '';
      } else {
        text += character;
      }
    }
    if (quote !== '') return { words, unclosed: quotedAt, unknownEscapes };
    words.push({ text, start, end: index, isQuoted });
  }
  return { words, unclosed: undefined, unknownEscapes };
};
