// File name patterns with `*`, `?` and `[...]`, for one part of a path.

export const hasWildcard = (part: string): boolean => /[*?[]/.test(part);

/** Whether a name matches; a leading dot must be written. Walks once, going back only to the last `*`. */
export const matchName = (pattern: string, name: string): boolean => {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const parts = [...pattern.matchAll(/\*|\?|\[[!^]?\]?[^\]]*\]|[\s\S]/gu)].map((match) => match[0]);
  const characters = [...name];
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === '*') {
      star = part;
      starAt = at;
      part += 1;
    } else if (wanted !== undefined && matchCharacter(wanted, characters[at] ?? '')) {
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
  return parts.slice(part).every((rest) => rest === '*');
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
