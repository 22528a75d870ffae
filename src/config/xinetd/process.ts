// What a server finds: its user, environment, limits and the settings of its socket.

import type { Family } from '../../model/address.ts';
import {
  type Credentials,
  type Mode,
  type ProcessSettings,
  plainProcess,
  plainSurroundings,
  type ResourceLimit,
  type ResourceName,
  type SocketSettings,
  type Surroundings,
} from '../../model/service.ts';
import { defaultSocket } from '../inetd/surroundings.ts';
import type { LoadOptions } from '../options.ts';
import type { Assignment } from './assignments.ts';
import type { AttributeName } from './attribute-rules.ts';
import type { Attributes } from './attributes.ts';
import type { Chosen, Flag } from './flags.ts';
import type { Notes, Word } from './notes.ts';
import { isWord, readNumber, readSize } from './values.ts';

export const readUmask = (word: Word | undefined, notes: Notes): number | undefined => {
  if (word === undefined) return undefined;
  const umask = /^[0-7]{1,6}$/.test(word.text) ? Number.parseInt(word.text, 8) : 0o1000;
  if (umask <= 0o777) return umask;
  return notes.error(word, `'${word.text}' is no octal number up to 777`, 'write one as 022');
};

export const readPassenv = (
  assignments: readonly Assignment[] | undefined,
  inherited: readonly Word[] | undefined,
): readonly Word[] | undefined => {
  if (assignments === undefined) return inherited;
  const found = new Map((inherited ?? []).map((word) => [word.text, word]));
  for (const { operator, values } of assignments) {
    if (operator === '=') found.clear();
    for (const word of values) {
      // to the model `*` would be all variables; to xinetd it is one that nobody has
      if (word.text === '*') continue;
      if (operator === '-=') found.delete(word.text);
      else found.set(word.text, word);
    }
  }
  return [...found.values()];
};

const readEnvironment = (
  assignments: readonly Assignment[] | undefined,
  notes: Notes,
): Surroundings['environment'] => {
  const found = new Map<string, string>();
  for (const { name, operator, values } of assignments ?? []) {
    if (operator === '-=') {
      notes.error(
        name,
        "operator '-=' is not supported for env",
        'remove the line and what it should remove',
      );
      continue;
    }
    if (operator === '=') found.clear();
    for (const word of values) {
      const [, variable, value] = /^([^=]+)=(.*)$/s.exec(word.text) ?? [];
      if (variable === undefined || value === undefined) {
        notes.error(word, `'${word.text}' has no name and '='`, 'write NAME=value');
      } else {
        found.set(variable, value);
      }
    }
  }
  return [...found].map(([name, value]) => ({ name, value }));
};

const resources: readonly (readonly [AttributeName, ResourceName])[] = [
  ['rlimit_as', 'as'],
  ['rlimit_cpu', 'cpu'],
  ['rlimit_data', 'data'],
  ['rlimit_files', 'nofile'],
  ['rlimit_rss', 'rss'],
  ['rlimit_stack', 'stack'],
];

const readResourceLimits = (attributes: Attributes, notes: Notes): readonly ResourceLimit[] =>
  resources.flatMap(([name, resource]): readonly ResourceLimit[] => {
    const word = attributes.one(name);
    if (word === undefined) return [];
    if (isWord(word, 'UNLIMITED')) return [{ resource, soft: undefined, hard: undefined }];
    const value =
      resource === 'cpu' ? readNumber(word, 0, Number.MAX_SAFE_INTEGER, notes) : readSize(word, notes);
    if (value === undefined) return [];
    if (value > 0) return [{ resource, soft: value, hard: value }];
    notes.warn(word, `${name} = 0 sets no limit`, 'remove it, or write a limit of 1 or more');
    return [];
  });

/** What is beyond the kernel's range is its end, as nice(2) has it. */
const readNice = (word: Word | undefined, notes: Notes): number | undefined => {
  if (word === undefined) return undefined;
  if (/^[-+]?[0-9]{1,9}$/.test(word.text)) return Math.max(-20, Math.min(19, Number(word.text)));
  return notes.error(word, `'${word.text}' is no whole number`, 'write one from -20 to 19');
};

export const readProcess = (
  attributes: Attributes,
  umask: number | undefined,
  options: LoadOptions,
  notes: Notes,
): ProcessSettings => ({
  ...plainProcess,
  nice: readNice(attributes.one('nice'), notes),
  umask: readUmask(attributes.one('umask'), notes) ?? umask ?? options.umask | 0o022,
  workingDirectory: '/',
  resourceLimits: readResourceLimits(attributes, notes),
});

/** Without groups = yes a server has no groups but its own one. */
export const readCredentials = (attributes: Attributes, hasGroups: boolean): Credentials => ({
  user: attributes.one('user')?.text,
  group: attributes.one('group')?.text,
  supplementaryGroups: hasGroups ? undefined : [],
});

/** Those of defaults are met with each service, and told once. */
const warnOfMissing = (
  passed: readonly Word[],
  { variables }: LoadOptions,
  told: Set<Word>,
  notes: Notes,
): void => {
  for (const word of passed) {
    if (variables?.has(word.text) !== false || told.has(word)) continue;
    told.add(word);
    notes.warn(
      word,
      `acceptd has no variable '${word.text}' that it could pass on`,
      'write env = NAME=value, or remove it',
    );
  }
};

export const readSurroundings = (
  attributes: Attributes,
  passenv: readonly Word[] | undefined,
  mode: Mode,
  families: readonly Family[],
  { options, told }: { readonly options: LoadOptions; readonly told: Set<Word> },
  notes: Notes,
): Surroundings => {
  const passed = readPassenv(attributes.all('passenv'), passenv);
  warnOfMissing(passed ?? [], options, told, notes);
  return {
    ...plainSurroundings,
    stderr: 'client',
    hasAddressVariables: mode === 'per-connection',
    environment: readEnvironment(attributes.all('env'), notes),
    passedVariables: passed?.map(({ text }) => text) ?? ['*'],
    showsMapped: options.showsMapped && families.some((family) => family !== 'v4'),
  };
};

export const readSocket = (flags: Chosen<Flag>, options: LoadOptions): SocketSettings => ({
  ...defaultSocket(options),
  keepAlive: flags.has('KEEPALIVE'),
  noDelay: flags.has('NODELAY'),
});
