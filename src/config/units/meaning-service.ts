// The directives of [Service]: what is started, as whom, and what it finds.
import {
  type Answer,
  type Credentials,
  type Mode,
  type ProcessSettings,
  plainProcess,
  plainRelay,
  plainSurroundings,
  resourceNames,
  type Surroundings,
} from '../../model/service.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { readNumber, readOctal, readRawWords, readResourceLimit, readText, readWords } from './values.ts';
import { relayTimeout } from './written-service.ts';

export type Command = {
  readonly file: string;
  readonly arguments: readonly string[];
};

const readArgument = (value: Value, text: string, unit: Unit): string | undefined => {
  const expanded = readText({ ...value, text }, unit);
  if (expanded === undefined) return undefined;
  return (
    (expanded.replaceAll('$$', '').includes('$') ? undefined : expanded.replaceAll('$$', '$')) ??
    unit.report.error(value, `variables, as in '${text}', are not read yet`, 'write $$ for a dollar sign')
  );
};

/** Of the prefixes before the path `@` names argument 0 and `-` forgives failures; others change the rights. */
const readCommand = (value: Value, unit: Unit): Command | undefined => {
  const words = readRawWords(value, unit) ?? [];
  const [, prefixes = '', path = ''] = /^([-@:+!|]*)(.*)$/s.exec(words[0]?.text ?? '') ?? [];
  if (/[+!|:]/.test(prefixes)) {
    return unit.report.error(value, `the prefixes '${prefixes}' are not read yet`, 'remove them');
  }
  if (words.some(({ text, isQuoted }) => text === ';' && !isQuoted)) {
    return unit.report.error(value, 'a second command is not read yet', 'write one');
  }
  const file = readText({ ...value, text: path }, unit);
  if (file === undefined || file === '') {
    return unit.report.error(value, 'there is no program', 'write ExecStart=/PATH');
  }
  const others = words.slice(1).flatMap(({ text }) => readArgument(value, text, unit) ?? []);
  return { file, arguments: prefixes.includes('@') ? others : [file, ...others] };
};

export const isRelayCommand = ({ file }: Command): boolean => /\/systemd-socket-proxyd$/.test(file);

export type Answering = {
  readonly answer: Answer;
  /** How many connections a relay has at once, where it counts them. */
  readonly instances: number | undefined;
};

const readRelay = (value: Value, command: Command, unit: Unit): Answering | undefined => {
  const words = command.arguments.slice(1);
  const option = words.find((word) => word.startsWith('--connections-max='));
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):([^:]+)$/.exec(words.at(-1) ?? '') ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    return unit.report.error(value, 'there is no HOST:PORT to copy to', 'write it last');
  }
  return {
    answer: { kind: 'relay', host, port, connectTimeout: relayTimeout, ...plainRelay },
    instances: option === undefined ? 256 : Number(option.slice(option.indexOf('=') + 1)),
  };
};

export const readAnswer = (values: Values, unit: Unit): Answering | undefined => {
  const value = values.one('ExecStart');
  const command = value && readCommand(value, unit);
  if (value === undefined || command === undefined) return undefined;
  if (isRelayCommand(command)) return readRelay(value, command, unit);
  return { answer: { kind: 'program', ...command }, instances: undefined };
};

export const readCredentials = (values: Values, unit: Unit): Credentials => {
  const groups = readWords(values.all('SupplementaryGroups'), unit);
  return {
    user: readText(values.one('User'), unit),
    group: readText(values.one('Group'), unit),
    supplementaryGroups: groups.length === 0 ? undefined : groups,
  };
};

export const readProcess = (values: Values, unit: Unit): ProcessSettings => ({
  ...plainProcess,
  nice: readNumber(values.one('Nice'), unit),
  umask: readOctal(values.one('UMask'), unit),
  workingDirectory: readText(values.one('WorkingDirectory'), unit),
  rootDirectory: readText(values.one('RootDirectory'), unit),
  resourceLimits: resourceNames.flatMap((resource) => {
    const value = values.one(`Limit${resource.toUpperCase()}`);
    const limit = value && readResourceLimit(value, unit);
    return limit === undefined ? [] : [{ resource, ...limit }];
  }),
});

const errorTargets: ReadonlyMap<string, Surroundings['stderr']> = new Map([
  ['socket', 'client'],
  ['journal', 'log'],
  ['null', 'null'],
]);

const readErrorTarget = (value: Value | undefined, unit: Unit): Surroundings['stderr'] => {
  if (value === undefined) return 'client';
  const target = errorTargets.get(value.text);
  if (target === undefined)
    unit.report.error(value, `'${value.text}' is not read yet`, 'write socket, journal or null');
  return target ?? 'log';
};

export const readSurroundings = (values: Values, mode: Mode, unit: Unit): Surroundings => ({
  ...plainSurroundings,
  stderr: readErrorTarget(values.one('StandardError'), unit),
  hasFd3: values.one('StandardInput')?.text !== 'socket',
  hasAddressVariables:
    mode === 'per-connection' && !readWords(values.all('UnsetEnvironment'), unit).includes('REMOTE_ADDR'),
  environment: readWords(values.all('Environment'), unit).map((word) => {
    const equals = word.indexOf('=');
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  }),
  passedVariables: readWords(values.all('PassEnvironment'), unit),
});
