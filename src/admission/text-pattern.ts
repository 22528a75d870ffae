// A word of hosts_access(5) held against a text.
import type { TextPattern } from '../model/wrapper-rules.ts';

/** A-Z only: names that differ in other letters are different names. */
export const foldCase = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;

/** Walks once, going back only to the last `*`. */
const matchGlob = (pattern: string, text: string): boolean => {
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = pattern[part];
    if (wanted === '*') {
      star = part;
      starAt = at;
      part += 1;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      part += 1;
      at += 1;
    } else if (star !== -1) {
      starAt += 1;
      at = starAt;
      part = star + 1;
    } else {
      return false;
    }
  }
  const rest = pattern.slice(part);
  return /^\**$/.test(rest);
};

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
      return matchGlob(pattern.text, text);
  }
};
