// only_from and no_access: what defaults and a service say together. What cannot be understood lets nobody in.
import type { ClientPattern } from '../../model/access.ts';
import type { Assignment } from './assignments.ts';
import { patternKey, readClientPatterns } from './client-patterns.ts';
import type { Notes, Word } from './notes.ts';

export type ListEntry = { readonly pattern: ClientPattern; readonly word: Word };

export type AccessList = {
  readonly entries: readonly ListEntry[];
  readonly patterns: readonly ClientPattern[];
  /** Those that mean hosts and domains. */
  readonly names: readonly ListEntry[];
  /** A word of defaults that could not be understood: who inherits the list would be open to others than was meant. */
  readonly broken: Word | undefined;
};

const makeList = (entries: readonly ListEntry[], broken: Word | undefined): AccessList => ({
  entries,
  patterns: entries.map(({ pattern }) => pattern),
  names: entries.filter(({ pattern }) => pattern.kind !== 'network'),
  broken,
});

/** A list of which something was lost: whoever inherits it is off. */
export const breakList = (list: AccessList | undefined, broken: Word): AccessList => ({
  ...(list ?? makeList([], broken)),
  broken,
});

const remove = (entries: readonly ListEntry[], gone: readonly ListEntry[], notes: Notes): ListEntry[] => {
  const keys = new Set(entries.map(({ pattern }) => patternKey(pattern)));
  for (const { pattern, word } of gone) {
    if (keys.has(patternKey(pattern))) continue;
    notes.warn(word, `'${word.text}' is not on the list, so nothing is removed`, 'write it as on the list');
  }
  const removed = new Set(gone.map(({ pattern }) => patternKey(pattern)));
  return entries.filter(({ pattern }) => !removed.has(patternKey(pattern)));
};

/** The inherited list, changed by the operators in their order; undefined: there is no list. */
export const readAccessList = (
  assignments: readonly Assignment[] | undefined,
  inherited: AccessList | undefined,
  notes: Notes,
): AccessList | undefined => {
  if (assignments === undefined) return inherited;
  let { entries, broken } = inherited ?? makeList([], undefined);
  for (const { operator, values } of assignments) {
    const read: ListEntry[] = [];
    for (const word of values) {
      const patterns = readClientPatterns(word, notes);
      if (patterns === undefined) broken ??= word;
      for (const pattern of patterns ?? []) read.push({ pattern, word });
    }
    if (operator === '-=') {
      entries = remove(entries, read, notes);
    } else if (operator === '=') {
      entries = read;
      broken = undefined;
    } else {
      entries = [...entries, ...read];
    }
  }
  return makeList(entries, broken);
};
