// Capabilities, secure bits and the promise never to get more (capabilities(7)).
import { capabilityNames, capabilityNumber } from '../../model/capability.ts';
import type { Privileges } from '../../model/service.ts';
import type { Unit, Values } from './unit.ts';
import { readSwitch, readWordTokens } from './values.ts';

const everything: readonly string[] = capabilityNames;

/** Lines add to each other; `~` takes away; after an empty one there are none, and `~` alone is all of them. */
const readCapabilities = (
  key: string,
  initial: readonly string[],
  values: Values,
  unit: Unit,
): readonly string[] | undefined => {
  let chosen: ReadonlySet<string> | undefined;
  for (const value of values.written(key)) {
    const isInverted = value.text.startsWith('~');
    const words = readWordTokens([{ ...value, text: value.text.slice(isInverted ? 1 : 0) }], unit);
    const named = words.flatMap((word) => {
      const name = word.text.toLowerCase().replace(/^cap_/, '');
      if (capabilityNumber(name) !== undefined) return [name];
      unit.report.error(word, `there is no capability '${word.text}'`, 'write one as CAP_NET_BIND_SERVICE');
      return [];
    });
    const inverted = everything.filter((name) => !named.includes(name));
    if (named.length === 0) chosen = new Set(isInverted ? everything : []);
    else if (chosen === undefined || chosen.size === initial.length)
      chosen = new Set(isInverted ? inverted : named);
    else
      chosen = new Set(
        isInverted ? [...chosen].filter((name) => !named.includes(name)) : [...chosen, ...named],
      );
  }
  const found = chosen;
  return found && everything.filter((name) => found.has(name));
};

/** Their numbers in prctl(2). */
const secureBits: ReadonlyMap<string, number> = new Map(
  [
    'noroot',
    'noroot-locked',
    'no-setuid-fixup',
    'no-setuid-fixup-locked',
    'keep-caps',
    'keep-caps-locked',
  ].map((name, bit): [string, number] => [name, 1 << bit]),
);

const readSecureBits = (values: Values, unit: Unit): number | undefined => {
  const bits = readWordTokens(values.all('SecureBits'), unit).map((word) => {
    const bit = secureBits.get(word.text);
    if (bit === undefined) {
      unit.report.error(
        word,
        `there is no secure bit '${word.text}'`,
        `write ${[...secureBits.keys()].join(', ')}`,
      );
    }
    return bit ?? 0;
  });
  return bits.length === 0 ? undefined : bits.reduce((all, bit) => all | bit, 0);
};

export const showSecureBits = (bits: number): readonly string[] =>
  [...secureBits].flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]));

/** undefined: nothing is taken or given. */
export const readPrivileges = (values: Values, unit: Unit): Privileges | undefined => {
  const bounding = readCapabilities('CapabilityBoundingSet', everything, values, unit);
  const ambient = readCapabilities('AmbientCapabilities', [], values, unit) ?? [];
  const bits = readSecureBits(values, unit);
  const noNewPrivileges = readSwitch(values.one('NoNewPrivileges'), unit) ?? false;
  const isEverything = bounding === undefined || bounding.length === everything.length;
  if (isEverything && ambient.length === 0 && bits === undefined && !noNewPrivileges) return undefined;
  return { bounding: isEverything ? undefined : bounding, ambient, secureBits: bits, noNewPrivileges };
};
