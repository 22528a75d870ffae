// Specifiers: `%i` and its kin (systemd.unit(5)), as far as they are known when a configuration is loaded.
import { dirname, resolve } from 'node:path';
import type { UnitName } from './unit-name.ts';
import { unescapeName } from './unit-name.ts';

/** What a letter stands for; undefined: it is none, or nobody knows it here. */
export type Specifiers = (letter: string) => string | undefined;

/** What the machine says for specifiers, by their letters. */
export type Facts = ReadonlyMap<string, string>;

/** Values that are the same on every machine: directories of services of the system, and the percent sign. */
export const systemFacts: Facts = new Map([
  ['C', '/var/cache'],
  ['D', '/usr/share'],
  ['E', '/etc'],
  ['L', '/var/log'],
  ['S', '/var/lib'],
  ['T', '/tmp'],
  ['V', '/var/tmp'],
  ['t', '/run'],
  ['%', '%'],
]);

/** A specifier that only an instance of a connection knows, in texts of a service (model/daemon.ts, StartTexts). */
const later = (letter: string): string => `\0${letter}`;

/** `isPerConnection`: each connection is an instance with a name of its own. */
export const specifiersOf = (
  name: string,
  { prefix, instance = '', suffix }: UnitName,
  isPerConnection: boolean,
  facts: Facts,
  path: string,
): Specifiers => {
  const last = prefix.slice(prefix.lastIndexOf('-') + 1);
  const own = new Map([
    ['p', prefix],
    ['P', unescapeName(prefix)],
    ['j', last],
    ['J', unescapeName(last)],
    ['i', isPerConnection ? later('i') : instance],
    ['I', isPerConnection ? later('I') : unescapeName(instance)],
    ['n', isPerConnection ? later('n') : name],
    ['N', isPerConnection ? later('N') : name.slice(0, -suffix.length - 1)],
    ['f', `/${isPerConnection ? later('I') : unescapeName(instance === '' ? prefix : instance)}`],
    ['y', resolve(path)],
    ['Y', dirname(resolve(path))],
  ]);
  return (letter) => own.get(letter) ?? facts.get(letter);
};

export type Expansion = {
  readonly text: string;
  /** Letters that are no specifiers, or unknown here; they stand in the text as they were. */
  readonly unknown: readonly string[];
};

export const expand = (text: string, specifiers: Specifiers): Expansion => {
  const unknown: string[] = [];
  const expanded = text.replace(/%(.?)/gsu, (whole, letter: string) => {
    const found = specifiers(letter);
    if (found === undefined) unknown.push(whole);
    return found ?? whole;
  });
  return { text: expanded, unknown };
};
