// The second pass: entries of all files become services, in the light of all defaults, whatever stands first.
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Pieces } from '../../model/pieces.ts';
import type { LoadOptions } from '../options.ts';
import type { LocatedService } from '../source.ts';
import type { Assignment } from './assignments.ts';
import { readAttributes } from './attributes.ts';
import { type Defaults, readDefaults } from './defaults.ts';
import type { Entry } from './entries.ts';
import { isDisabledByFlag } from './flags.ts';
import { createNotes, type Notes, placeOf, type Word } from './notes.ts';
import { type Common, readService } from './service.ts';
import { readSwitch } from './values.ts';

const lower = (word: Word): string => word.text.toLowerCase();

/** Lines of an ignored entry without which services would be open to more clients than was meant. */
const isMissed = ({ name, operator }: Assignment, counted: ReadonlySet<string>): boolean => {
  switch (lower(name)) {
    case 'no_access':
      return operator !== '-=';
    case 'only_from':
      // beside another list it would let in more
      return operator === '-=' || !counted.has('only_from');
    case 'bind':
    case 'interface':
      return !counted.has('bind') && !counted.has('interface');
    default:
      return false;
  }
};

/** What is missed of an entry that does not count is as good as damaged. */
const withMissed = (counted: Entry, ignored: Entry): Entry => {
  const said = new Set(counted.assignments.map(({ name }) => lower(name)));
  const missed = ignored.assignments.filter((assignment) => isMissed(assignment, said));
  const names = missed.map(({ name }) => [lower(name), name] as const);
  return { ...counted, damaged: new Map([...names, ...ignored.damaged, ...counted.damaged]) };
};

/** One defaults entry counts in each file. */
const takeDefaults = (entries: readonly Entry[], notes: Notes): readonly Entry[] => {
  const taken = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.kind !== 'defaults') continue;
    const { name } = entry;
    const first = taken.get(name.source.file);
    if (first === undefined) taken.set(name.source.file, entry);
    else if (first.name.line !== name.line) {
      taken.set(name.source.file, withMissed(first, entry));
      notes.error(
        name,
        `only one defaults entry is allowed in a file: the one at ${placeOf(first.name)} counts, this one is ignored`,
        'move its lines there',
      );
    }
  }
  return [...taken.values()];
};

/** `enabled` and `disabled` of the defaults; names that no service has are told. */
const createSwitch = ({ enabled, disabled }: Defaults, notes: Notes) => {
  const on = enabled && new Set(enabled.map(lower));
  const off = new Set(disabled.map(lower));
  const seen = new Set<string>();
  return {
    isOn: (id: string): boolean => {
      const key = id.toLowerCase();
      seen.add(key);
      return on?.has(key) !== false && !off.has(key);
    },
    tellUnknown: (): void => {
      for (const word of [...(enabled ?? []), ...disabled]) {
        if (seen.has(lower(word))) continue;
        notes.warn(word, `there is no service with the id '${word.text}'`, 'check its name, or remove it');
      }
    },
  };
};

const readEntry = (
  entry: Entry,
  common: Common,
  isOn: (id: string) => boolean,
  notes: Notes,
): LocatedService | undefined => {
  // an entry that is off is of no interest, so what is wrong with it is kept back
  const found = createNotes();
  const attributes = readAttributes([entry], 'service', found);
  const isDisabled = readSwitch(attributes.one('disable'), found) === true;
  const id = attributes.one('id')?.text ?? entry.name.text;
  if (!isOn(id) || isDisabled) return undefined;
  const isRetired = isDisabledByFlag(attributes, notes);
  if (isRetired) return undefined;
  const errors = notes.errorCount();
  notes.add(found.diagnostics());
  const service = readService(entry, attributes, common, notes);
  return notes.errorCount() === errors ? service : undefined;
};

/** The service of each entry that is on and has no mistake. */
export const readMeaning = function* (
  entries: readonly Entry[],
  options: LoadOptions,
): Pieces<{
  readonly services: ReadonlyMap<Entry, LocatedService>;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const notes = createNotes();
  const defaults = readDefaults(takeDefaults(entries, notes), notes);
  const { isOn, tellUnknown } = createSwitch(defaults, notes);
  const common: Common = { defaults, options, told: new Set() };
  const services = new Map<Entry, LocatedService>();
  for (const entry of entries) {
    if (entry.kind !== 'service') continue;
    const service = readEntry(entry, common, isOn, notes);
    if (service !== undefined) services.set(entry, service);
    yield;
  }
  tellUnknown();
  return { services, diagnostics: notes.diagnostics() };
};
