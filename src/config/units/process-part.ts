// As whom and with which attributes a service's program runs.
import {
  type Credentials,
  type ProcessSettings,
  plainProcess,
  type ServiceDirectory,
} from '../../model/service.ts';
import { readDirectories } from './directories.ts';
import { readPrivileges } from './privileges.ts';
import { readResourceLimits } from './resource-limits.ts';
import { readScheduling } from './scheduling.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import {
  checkPath,
  readNumberIn,
  readOctal,
  readPath,
  readSwitch,
  readText,
  readWordTokens,
} from './values.ts';

/** A name as passwd(5) can have it, or a number; instances have marks of U+0000 in it. */
const accountRule = /^[A-Za-z_][A-Za-z0-9_.-]{0,255}\$?$|^[0-9]+$/;

const readAccount = (value: Value | undefined, unit: Unit): string | undefined => {
  const name = readText(value, unit);
  if (value === undefined || name === undefined) return undefined;
  if (name.includes('\0')) {
    return unit.report.error(value, 'its user is another for each connection', 'write one user for all');
  }
  if (accountRule.test(name)) return name;
  return unit.report.error(value, `no account could be called '${name}'`, 'write a name or a number');
};

/** A service with a user of its own making runs as nobody where it is allowed to run without. */
const dynamicFallback = 'nobody';

export const readCredentials = (values: Values, unit: Unit): Credentials => {
  const groups = readWordTokens(values.all('SupplementaryGroups'), unit).flatMap(
    (word) => readAccount(word, unit) ?? [],
  );
  const user = readAccount(values.one('User'), unit);
  const dynamic = values.one('DynamicUser');
  const isDynamic = dynamic !== undefined && readSwitch(dynamic, unit) === true;
  if (isDynamic && user === undefined) {
    unit.report.warn(dynamic, `no user is made for it, so it runs as ${dynamicFallback}`, 'write User=');
  }
  return {
    user: user ?? (isDynamic ? dynamicFallback : undefined),
    group: readAccount(values.one('Group'), unit),
    supplementaryGroups: groups.length === 0 ? undefined : groups,
  };
};

/** `/PATH` or `~`, with `-` before it where it need not be there. */
const readWorkingDirectory = (values: Values, unit: Unit): string => {
  const value = values.one('WorkingDirectory');
  if (value === undefined) return '/';
  const dash = value.text.startsWith('-') ? '-' : '';
  const text = readText({ ...value, text: value.text.slice(dash.length) }, unit) ?? '';
  if (text === '~') return `${dash}~`;
  const path = checkPath(value, text, unit);
  return path === undefined ? '/' : `${dash}${path}`;
};

const madeDirectories = (directories: readonly ServiceDirectory[]): Pick<ProcessSettings, 'directories'> =>
  directories.length === 0 ? {} : { directories };

export const readProcess = (values: Values, unit: Unit): ProcessSettings => ({
  ...plainProcess,
  nice: readNumberIn(values.one('Nice'), -20, 19, unit),
  umask: readOctal(values.one('UMask'), unit) ?? 0o022,
  workingDirectory: readWorkingDirectory(values, unit),
  rootDirectory: readPath(values.one('RootDirectory'), unit),
  resourceLimits: readResourceLimits(values, unit),
  privileges: readPrivileges(values, unit),
  scheduling: readScheduling(values, unit),
  ignoresPipe: readSwitch(values.one('IgnoreSIGPIPE'), unit) ?? true,
  ...madeDirectories(readDirectories(values, unit)),
});
