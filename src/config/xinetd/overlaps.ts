// Clients that are on both lists: xinetd's manual lets the better match decide, the daemon turns them all away.
import type { ClientPattern } from '../../model/access.ts';
import { createContainment } from '../../model/network.ts';
import type { AccessList, ListEntry } from './access-lists.ts';
import { patternKey, showPattern } from './client-patterns.ts';
import type { Notes } from './notes.ts';

/** Finds an entry of `list` that means everybody whom a pattern means. */
const createFinder = (list: readonly ListEntry[]): ((pattern: ClientPattern) => ListEntry | undefined) => {
  const byKey = new Map(list.map((entry) => [patternKey(entry.pattern), entry]));
  const containing = createContainment(
    list.flatMap(({ pattern }) => (pattern.kind === 'network' ? [pattern.network] : [])),
  );
  const domains = list.filter(({ pattern }) => pattern.kind === 'domain');
  return (pattern) => {
    if (pattern.kind !== 'network') {
      const own = byKey.get(patternKey(pattern));
      return own ?? domains.find((domain) => patternKey(pattern).endsWith(patternKey(domain.pattern)));
    }
    const network = containing(pattern.network);
    return network && byKey.get(patternKey({ kind: 'network', network }));
  };
};

/** Of one pair of lists. */
const mostTold = 10;

/**
 * An entry of only_from that lies in one of no_access lets nobody in. The other way round, an exception from a wide
 * only_from, is what no_access is for.
 */
export const warnOfOverlaps = (
  onlyFrom: AccessList | undefined,
  noAccess: AccessList | undefined,
  notes: Notes,
): void => {
  if (onlyFrom === undefined || noAccess === undefined || noAccess.entries.length === 0) return;
  const find = createFinder(noAccess.entries);
  const overlaps = onlyFrom.entries.flatMap((entry) => {
    const other = find(entry.pattern);
    return other === undefined ? [] : [{ ...entry, other }];
  });
  for (const { pattern, word, other } of overlaps.slice(0, mostTold)) {
    const same = word.source === other.word.source ? `line ${other.word.line}` : other.word.source.file;
    notes.warn(
      word,
      `nobody of ${showPattern(pattern)} gets in: only_from and no_access (${showPattern(other.pattern)}, ${same}) both have it, and no_access wins however long their prefixes are`,
      'take it from one of the lists',
    );
  }
  const [more] = overlaps.slice(mostTold);
  if (more === undefined) return;
  const count = overlaps.length - mostTold;
  notes.warn(more.word, `so it is with ${count} more of only_from`, 'take them from one of the lists');
};
