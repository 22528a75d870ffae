// A recipe as the addon takes it: numbers in place of names (native/recipe.hh), and what its failures are called.
import { addressFields, type LayoutEntry, type LayoutFile, type RecipeRequest } from '../model/recipe.ts';
import { relayAdvice } from './adopt.ts';

/** Native code reads this shape, field by field (compileRecipe of native/program.cc). */
export type RecipePlan = Omit<
  RecipeRequest,
  'addressVariables' | 'layout' | 'adoptChannel' | 'rootDirectory' | 'workingDirectory'
> & {
  readonly addressVariables: readonly { readonly name: string; readonly field: number }[];
  /** With the channel at its end where there is one. */
  readonly layout: readonly number[];
  readonly files: readonly LayoutFile[];
  readonly isAdopting: boolean;
  readonly rootDirectory: string;
  readonly workingDirectory: string;
};

const adopting = 'see the sockets of';

/** Where a start failed, in the order of Stage of native/child.hh. */
const stageNames = [
  '',
  'start a session for',
  'open the standard input of',
  'open the standard output of',
  'open the standard error of',
  'lay out the descriptors of',
  adopting,
  'set the OOM score of',
  'set the resource limits of',
  'set the priority of',
  'set the scheduling policy of',
  'set the processors of',
  'set the I/O priority of',
  'change the root directory of',
  'change the working directory of',
  'set the groups of',
  'set the group of',
  'drop capabilities of',
  'set the user of',
  'give capabilities to',
  'set the secure bits of',
  'forbid new privileges to',
  'execute',
] as const;

/** What could not be done; `%` is where the service's name goes. */
export const describeStage = (stage: number): string => `${stageNames[stage] ?? 'start'} %`;

/** What else there is to say. */
export const adviceFor = (stage: number, code: string): string =>
  stageNames[stage] === adopting ? relayAdvice(code) : '';

const handed = -1;
const devNull = -2;
const firstFile = -3;

const isFile = (entry: LayoutEntry): entry is LayoutFile => typeof entry === 'object';

const isSameFile = (one: LayoutFile, other: LayoutFile): boolean =>
  one.path === other.path && one.how === other.how;

/** Descriptors of one file are one open file, so that neither writes over what the other has written. */
const distinctFiles = (layout: readonly LayoutEntry[]): readonly LayoutFile[] => {
  const files: LayoutFile[] = [];
  for (const entry of layout) {
    if (isFile(entry) && !files.some((file) => isSameFile(file, entry))) files.push(entry);
  }
  return files;
};

const sourceNumber = (entry: LayoutEntry, files: readonly LayoutFile[]): number => {
  if (entry === 'handed') return handed;
  if (entry === 'null') return devNull;
  if (isFile(entry)) return firstFile - files.findIndex((file) => isSameFile(file, entry));
  return entry;
};

export const planRecipe = (request: RecipeRequest): RecipePlan => {
  const { adoptChannel, layout, ...rest } = request;
  const files = distinctFiles(layout);
  const whole = adoptChannel === undefined ? layout : [...layout, adoptChannel];
  return {
    ...rest,
    addressVariables: request.addressVariables.map(({ name, field }) => ({
      name,
      field: addressFields.indexOf(field),
    })),
    layout: whole.map((entry) => sourceNumber(entry, files)),
    files,
    isAdopting: adoptChannel !== undefined,
    rootDirectory: request.rootDirectory ?? '',
    workingDirectory: request.workingDirectory ?? '',
  };
};
