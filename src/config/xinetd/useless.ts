// Attributes that do nothing for a service of its kind: that is told, and their values are looked at all the same.
import { readDenyTime } from './answer.ts';
import type { AttributeName } from './attribute-rules.ts';
import type { Attributes } from './attributes.ts';
import type { Chosen, Flag, Type } from './flags.ts';
import { readProgramNumber, readVersions } from './listening.ts';
import type { Notes } from './notes.ts';

export const checkUseless = (
  attributes: Attributes,
  types: Chosen<Type>,
  flags: Chosen<Flag>,
  notes: Notes,
): void => {
  const warn = (name: AttributeName, where: string, advice: string): void => {
    const place = attributes.place(name);
    if (place !== undefined) notes.warn(place, `'${name}' has no effect ${where}`, advice);
  };
  if (!flags.has('SENSOR')) {
    readDenyTime(attributes.one('deny_time'), notes);
    warn('deny_time', 'without the flag SENSOR', 'write flags = SENSOR, or remove it');
  }
  if (!types.has('RPC')) {
    const versions = attributes.one('rpc_version');
    if (versions !== undefined) readVersions(versions, notes);
    readProgramNumber(attributes.one('rpc_number'), notes);
    for (const name of ['rpc_version', 'rpc_number'] as const) {
      warn(name, 'without the type RPC', 'write type = RPC, or remove it');
    }
  }
  const answers = flags.has('SENSOR') ? 'the flag SENSOR' : 'the type INTERNAL';
  if (flags.has('SENSOR') || types.has('INTERNAL')) {
    warn('redirect', `beside ${answers}`, 'remove one of the two');
  }
};
