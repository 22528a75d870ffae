// The words of `flags` and `type`.

import type { Attributes } from './attributes.ts';
import type { Notes, Word } from './notes.ts';
import { isWord, readChoice } from './values.ts';

const flagNames = [
  'REUSE',
  'INTERCEPT',
  'NORETRY',
  'IDONLY',
  'NAMEINARGS',
  'NODELAY',
  'KEEPALIVE',
  'NOLIBWRAP',
  'SENSOR',
  'IPv4',
  'IPv6',
  'LABELED',
] as const;
export type Flag = (typeof flagNames)[number];

const typeNames = ['RPC', 'INTERNAL', 'UNLISTED', 'TCPMUX', 'TCPMUXPLUS'] as const;
export type Type = (typeof typeNames)[number];

/** The words that were written, each with its place. */
export type Chosen<Choice extends string> = ReadonlyMap<Choice, Word>;

/** A type of xinetd's own services, which its configurations may name and which says nothing. */
const ownType = 'SPECIAL';

const readWords = <Choice extends string>(
  attributes: Attributes,
  name: 'flags' | 'type',
  choices: readonly Choice[],
  notes: Notes,
): Chosen<Choice> => {
  const found = new Map<Choice, Word>();
  const words = attributes.values(name);
  const place = attributes.place(name);
  if (words?.length === 0 && place !== undefined) {
    notes.error(place, `'${name}' has no value`, `write one of ${choices.join(', ')}, or remove it`);
  }
  for (const word of words ?? []) {
    if (name === 'type' && isWord(word, ownType)) {
      notes.warn(word, `the type ${ownType} has no effect`, 'remove it');
      continue;
    }
    const choice = readChoice(word, choices, name === 'flags' ? 'flag' : 'type', notes);
    if (choice !== undefined) found.set(choice, word);
  }
  return found;
};

const checkFlags = (flags: Chosen<Flag>, notes: Notes): void => {
  const intercept = flags.get('INTERCEPT');
  if (intercept !== undefined) {
    notes.warn(
      intercept,
      'no interceptor is started: the address lists of a service that waits are enforced by a filter in the kernel',
      'remove INTERCEPT',
    );
  }
  const labeled = flags.get('LABELED');
  if (labeled !== undefined) {
    notes.error(
      labeled,
      "acceptd does not run servers with the client's SELinux label, so this service is off",
      'remove LABELED to serve it with the label that the server has otherwise',
    );
  }
};

/** DISABLE was a flag once: it does what `disable = yes` does. */
export const isDisabledByFlag = (attributes: Attributes, notes: Notes): boolean => {
  const word = attributes.values('flags')?.find((each) => isWord(each, 'DISABLE'));
  if (word === undefined) return false;
  notes.warn(word, 'the flag DISABLE switches this service off, as it did once', 'write disable = yes');
  return true;
};

export const readFlags = (attributes: Attributes, notes: Notes): Chosen<Flag> => {
  const flags = readWords(attributes, 'flags', flagNames, notes);
  checkFlags(flags, notes);
  return flags;
};

export const readTypes = (attributes: Attributes, notes: Notes): Chosen<Type> =>
  readWords(attributes, 'type', typeNames, notes);
