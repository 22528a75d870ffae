// What a terminal in raw mode sends, as keys: letters, and the sequences of arrows and page keys.

/** `up`, `down`, `page-up`, `page-down`, `home`, `end`, `interrupt`, `suspend`; or the character itself. */
export type Key = string;

const sequences: ReadonlyMap<string, Key> = new Map([
  ['[A', 'up'],
  ['OA', 'up'],
  ['[B', 'down'],
  ['OB', 'down'],
  ['[5~', 'page-up'],
  ['[6~', 'page-down'],
  ['[H', 'home'],
  ['OH', 'home'],
  ['[1~', 'home'],
  ['[7~', 'home'],
  ['[F', 'end'],
  ['OF', 'end'],
  ['[4~', 'end'],
  ['[8~', 'end'],
]);

const controls: ReadonlyMap<string, Key> = new Map([
  ['\u0003', 'interrupt'],
  ['\u0004', 'interrupt'],
  ['\u001a', 'suspend'],
  [' ', 'page-down'],
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals send
const whole = /^\u001b(\[[0-9;]*[A-Za-z~]|O[A-Za-z])/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals send
const begun = /^\u001b(\[[0-9;]*|O)?$/;
/** No sequence is that long: what began like one was something else. */
const longest = 16;

/**
 * The keys in what was read; the beginning of a sequence that came in two parts, as over slow lines, is left for the
 * next time.
 */
export const readKeys = (text: string): { readonly keys: readonly Key[]; readonly rest: string } => {
  const keys: Key[] = [];
  let rest = text;
  while (rest !== '') {
    const sequence = whole.exec(rest)?.[1];
    if (sequence !== undefined) {
      const key = sequences.get(sequence);
      if (key !== undefined) keys.push(key);
      rest = rest.slice(sequence.length + 1);
      continue;
    }
    if (begun.test(rest) && rest.length < longest) break;
    const character = rest.slice(0, 1);
    if (character !== '\u001b') keys.push(controls.get(character) ?? character);
    rest = rest.slice(1);
  }
  return { keys, rest };
};
