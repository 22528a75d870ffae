// A word of hosts_access(5) held against a text.
import { matchGlob } from '../model/glob.ts';
import type { TextPattern } from '../model/wrapper-rules.ts';

/** A-Z only: names that differ in other letters are different names. */
export const foldCase = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;

const fits = (wanted: string, character: string): boolean => wanted === '?' || wanted === character;

/** `text` is in lower case. */
export const matchText = (pattern: TextPattern, text: string): boolean => {
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'known':
      return text !== 'unknown';
    case 'exact':
      return pattern.text === text;
    case 'ending':
      return text.length > pattern.text.length && text.endsWith(pattern.text);
    case 'beginning':
      return text.startsWith(pattern.text);
    case 'glob':
      return matchGlob(pattern.text, text, fits);
  }
};
