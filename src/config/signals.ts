// Signals by name and number, as configurations write them.
import { constants } from 'node:os';

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));
const names: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]): [number, string] => [number, name]),
);

/** Real-time signals go up to 64. */
const lastSignal = 64;

/** `SIGTERM`, `TERM`, `SIG34`; undefined for what is none. */
export const signalNumber = (text: string): number | undefined => {
  const word = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  const byNumber = Number(/^SIG([0-9]{1,2})$/.exec(word)?.[1]);
  return byNumber >= 1 && byNumber <= lastSignal ? byNumber : numbers.get(word);
};

/** `TERM`, or `SIG34` where it has no name. */
export const showSignal = (number: number): string => names.get(number)?.slice(3) ?? `SIG${number}`;
