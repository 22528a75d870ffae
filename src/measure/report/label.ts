// How much room a text takes when nobody can measure it: a generous guess, for the sans-serif fonts of all systems.

/** Pixels; the size of the text in all charts. */
export const fontSize = 12;

/** Shares of the size, for characters of the same breadth; of the broad fonts that Linux desktops have. */
const breadths: readonly (readonly [characters: string, breadth: number])[] = [
  ["ijl'|", 0.29],
  [' .,:;fI!', 0.36],
  ['tr()[]/-"', 0.42],
  ['csvxyzkJ*_', 0.6],
  ['wABCDGHKNOPQRSUVXYZ&+=<>~×', 0.8],
  ['mMW%@—…', 1],
];
const breadthOf = new Map(
  breadths.flatMap(([characters, breadth]) =>
    [...characters].map((character) => [character, breadth] as const),
  ),
);

const widthOf = (character: string): number =>
  breadthOf.get(character) ?? ((character.codePointAt(0) ?? 0) > 0x2e80 ? 1.1 : 0.65);

/** Pixels. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width * fontSize;
};

/** The text, or as much of its beginning as has room before an ellipsis. */
export const shorten = (text: string, room: number): string => {
  if (textWidth(text) <= room) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join('')}…`) > room) characters.pop();
  return `${characters.join('').trimEnd()}…`;
};
