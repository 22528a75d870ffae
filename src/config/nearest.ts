// The word somebody probably meant.

/** Edits from one word to the other; two letters in the wrong order are one edit. */
const distance = (left: string, right: string): number => {
  let before: readonly number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      const replaced = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1);
      const isSwapped = i > 0 && j > 0 && left[i] === right[j - 1] && left[i - 1] === right[j];
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    before = row;
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
