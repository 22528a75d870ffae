// Variables of a service: what is set, passed on, read from files and taken out.
import type { StartTexts } from '../../model/daemon.ts';
import type { Surroundings } from '../../model/service.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { checkPath, readText, readWordTokens } from './values.ts';

export type Variables = {
  readonly environment: Surroundings['environment'];
  readonly passedVariables: readonly string[];
  readonly environmentFiles: StartTexts['environmentFiles'];
  /** Of acceptd's own and of files: nothing of the other two is among them. */
  readonly unsetVariables: readonly string[];
};

const nameRule = /^[A-Za-z_][A-Za-z0-9_]*$/;

type Assignment = Surroundings['environment'][number];

/** Of a name that is set twice the last one counts. */
const readAssignments = (values: readonly Value[], unit: Unit): readonly Assignment[] => {
  const found = new Map<string, string>();
  for (const word of readWordTokens(values, unit)) {
    const equals = word.text.indexOf('=');
    const name = word.text.slice(0, Math.max(0, equals));
    if (!nameRule.test(name)) {
      unit.report.error(
        word,
        `'${word.text}' sets no variable`,
        'write NAME=VALUE, in quotes if it has blanks',
      );
      continue;
    }
    found.delete(name);
    found.set(name, word.text.slice(equals + 1));
  }
  return [...found].map(([name, value]) => ({ name, value }));
};

const readNames = (values: readonly Value[], unit: Unit): readonly string[] => [
  ...new Set(
    readWordTokens(values, unit).flatMap((word) =>
      nameRule.test(word.text)
        ? [word.text]
        : (unit.report.error(word, `'${word.text}' is no name of a variable`, 'write the name alone') ?? []),
    ),
  ),
];

const readFiles = (values: readonly Value[], unit: Unit): StartTexts['environmentFiles'] =>
  values.flatMap((value) => {
    const isOptional = value.text.startsWith('-');
    const text = readText({ ...value, text: value.text.slice(isOptional ? 1 : 0) }, unit) ?? '';
    const path = checkPath(value, text, unit);
    if (path === undefined) return [];
    if (/[*?[]/.test(path)) {
      unit.report.error(value, `'${path}' is a pattern, and one file is read`, 'write a line for each file');
      return [];
    }
    return [{ path, isOptional }];
  });

/** `first` stands before what the unit sets itself: the directories that are made for the service. */
export const readVariables = (values: Values, first: readonly Assignment[], unit: Unit): Variables => {
  const set = readAssignments(values.all('Environment'), unit);
  const own = [...first.filter(({ name }) => !set.some((each) => each.name === name)), ...set];
  const unset = readWordTokens(values.all('UnsetEnvironment'), unit).map(({ text }) => text);
  const names = new Set(unset.filter((word) => !word.includes('=')));
  const exact = new Set(unset.filter((word) => word.includes('=')));
  const environmentFiles = readFiles(values.all('EnvironmentFile'), unit);
  return {
    environment: own.filter(({ name, value }) => !names.has(name) && !exact.has(`${name}=${value}`)),
    passedVariables: readNames(values.all('PassEnvironment'), unit).filter((name) => !names.has(name)),
    environmentFiles,
    unsetVariables: [...names, ...exact].filter(
      (word) =>
        environmentFiles.length > 0 ||
        !own.some(({ name, value }) => word === name || word === `${name}=${value}`),
    ),
  };
};
