// Whether a pattern with `*` fits: a walk that every kind of pattern shares.

/**
 * `parts` and `characters` are compared one by one; the part `*` stands for any number of characters. Walks once, going
 * back only to the last `*`.
 */
export const matchGlob = (
  parts: ArrayLike<string>,
  characters: ArrayLike<string>,
  fits: (part: string, character: string) => boolean,
): boolean => {
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
    } else if (wanted !== undefined && fits(wanted, characters[at] ?? '')) {
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
  while (parts[part] === '*') part += 1;
  return part >= parts.length;
};
