// File name patterns with `*`, `?` and `[...]`, for one part of a path.
import { matchGlob } from '../model/glob.ts';

export const hasWildcard = (part: string): boolean => /[*?[]/.test(part);

/** Whether a name matches; a leading dot must be written. */
export const matchName = (pattern: string, name: string): boolean => {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const parts = [...pattern.matchAll(/\*|\?|\[[!^]?\]?[^\]]*\]|[\s\S]/gu)].map((match) => match[0]);
  return matchGlob(parts, [...name], matchCharacter);
};

const matchCharacter = (wanted: string, character: string): boolean => {
  if (wanted === '?') return true;
  if (wanted.length === 1 || !wanted.startsWith('[')) return wanted === character;
  const isNegated = wanted[1] === '!' || wanted[1] === '^';
  const members = [...wanted.slice(isNegated ? 2 : 1, -1)];
  let isMember = false;
  for (let index = 0; index < members.length; index += 1) {
    const low = members[index] ?? '';
    const high = members[index + 2];
    if (members[index + 1] === '-' && high !== undefined) {
      isMember ||= low <= character && character <= high;
      index += 2;
    } else {
      isMember ||= low === character;
    }
  }
  return isMember !== isNegated;
};
