// Text on a terminal: how many columns it takes, and how it is filled up, cut or broken to fit.
import { escapeControls } from '../model/diagnostic.ts';

export type Screen = {
  /** Columns. */
  readonly width: number;
  readonly isColored: boolean;
};

const ascii = /^[\x20-\x7e]*$/;
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const segmenter = new Intl.Segmenter();

const charactersOf = (text: string): readonly string[] =>
  ascii.test(text) ? [...text] : [...segmenter.segment(text)].map(({ segment }) => segment);

const widthOfCharacter = (character: string): number => (wide.test(character) ? 2 : 1);

/** What people see as one character counts once, and those of East Asia and pictures twice. */
export const widthOf = (text: string): number =>
  ascii.test(text)
    ? text.length
    : charactersOf(text).reduce((sum, character) => sum + widthOfCharacter(character), 0);

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** The beginning that fits into so many columns. */
const beginning = (text: string, width: number): string => {
  let fits = '';
  let room = width;
  for (const character of charactersOf(text)) {
    room -= widthOfCharacter(character);
    if (room < 0) break;
    fits += character;
  }
  return fits;
};

/** The text, or its beginning with a mark that something is missing. */
export const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  return width < 2 ? beginning(text, width) : `${beginning(text, width - 1)}~`;
};

/** A word that is longer than a line is broken where the line ends; the first piece may have more room. */
const breakWord = (word: string, first: number, room: number): readonly string[] => {
  const pieces: string[] = [];
  let rest = word;
  let free = first;
  while (widthOf(rest) > free) {
    const piece = beginning(rest, free);
    pieces.push(piece);
    rest = rest.slice(piece.length);
    free = room;
  }
  return [...pieces, rest];
};

/** In fewer columns nobody can read. */
const least = 10;

/** Lines of at most so many columns, broken at blanks; all but the first are indented. Nothing is lost but blanks. */
export const fold = (text: string, width: number, indent: number): readonly string[] => {
  const room = Math.max(least, width - indent);
  const firstRoom = Math.max(least, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const free = lines.length === 0 ? firstRoom : room;
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= free) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = breakWord(word, lines.length === 0 ? firstRoom : room, room);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  const margin = ' '.repeat(indent);
  return [...lines, line].map((each, index) => (index === 0 ? each : margin + each));
};

const styles = { bold: '1', dim: '2', reverse: '7', red: '31', green: '32', yellow: '33' } as const;
export type Style = keyof typeof styles;

/** To be put around text that has its width already. */
export const styled = (
  text: string,
  style: Style | undefined,
  { isColored }: Pick<Screen, 'isColored'>,
): string =>
  isColored && style !== undefined && text !== '' ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;

/** A server's or a peer's text in one line that does nothing to a terminal. */
export const plain = (text: string): string => escapeControls(text);

type Stream = { readonly isTTY?: boolean; readonly columns?: number };

/** A pipe has no width: $COLUMNS may say it, as watch(1) does. */
export const screenOf = (
  { isTTY = false, columns = 0 }: Stream,
  environment: Readonly<Record<string, string | undefined>>,
): Screen => {
  const said = Number(environment['COLUMNS']);
  const usual = Number.isSafeInteger(said) && said > 0 ? said : 80;
  const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return { width: isTTY && columns > 0 ? columns : usual, isColored: isTTY && !isPlain };
};
