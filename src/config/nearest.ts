// The word somebody probably meant.

const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      const replaced = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
};

/** The candidate that is at most two edits (one in a short word) away from `word`, if there is one. */
export const nearestWord = (word: string, candidates: Iterable<string>): string | undefined => {
  if (word.length > 40) return undefined;
  let best: string | undefined;
  let least = word.length < 4 ? 2 : 3;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate);
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
};
