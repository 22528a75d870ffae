// The last parts of a start, which are only known at the start: files of variables, variables in words, names of instances.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceVariables } from '../model/command-words.ts';
import type { CommandLine } from '../model/daemon.ts';
import type { Failure } from '../model/event.ts';
import type { LayoutEntry, RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';
import { readEnvironmentFiles } from './environment-file.ts';
import { type InstanceTexts, replaceMarks } from './instance-name.ts';
import { splitVariable, type Variable } from './variables.ts';

/** What is known of one start. */
export type StartFacts = {
  /** Of files; stronger than what the configuration has. */
  readonly variables: readonly Variable[];
  /** undefined: a daemon's, or a connection's whose service has no marks. */
  readonly instance: InstanceTexts | undefined;
  /** Variables that the start itself fills in, for words that name them: REMOTE_ADDR and its kin. */
  readonly known?: readonly Variable[] | undefined;
};

export const noFacts: StartFacts = { variables: [], instance: undefined };

const mergeVariables = (
  request: RecipeRequest,
  facts: StartFacts,
  unset: readonly string[],
  mark: (text: string) => string,
): ReadonlyMap<string, string> => {
  const variables = new Map(request.environment.map((each) => splitVariable(mark(each))));
  for (const [name, value] of facts.variables) variables.set(name, value);
  for (const text of unset) {
    const [name, value] = splitVariable(text);
    // with a value only that one is taken out
    if (!text.includes('=') || variables.get(name) === value) variables.delete(name);
  }
  return variables;
};

/** A file of variables has the last word also about what a start fills in. */
const withoutFilled = (
  request: RecipeRequest,
  facts: StartFacts,
  unset: readonly string[],
): Partial<RecipeRequest> => {
  const taken = new Set([...facts.variables.map(([name]) => name), ...unset]);
  if (taken.size === 0) return {};
  return {
    addressVariables: request.addressVariables.filter(({ name }) => !taken.has(name)),
    pidVariables: request.pidVariables.filter((name) => !taken.has(name)),
    hasPidfdVariable: request.hasPidfdVariable && !taken.has('LISTEN_PIDFDID'),
    hasInvocationId: request.hasInvocationId && !taken.has('INVOCATION_ID'),
  };
};

/** The request with all its texts as they are at this start. `command` is what `request` was made for. */
export const completeRequest = (
  request: RecipeRequest,
  service: ResolvedService,
  command: CommandLine | undefined,
  facts: StartFacts,
): RecipeRequest => {
  const { instance } = facts;
  const mark = (text: string): string => (instance === undefined ? text : replaceMarks(text, instance));
  const markEntry = (entry: LayoutEntry): LayoutEntry =>
    typeof entry === 'object' ? { ...entry, path: mark(entry.path) } : entry;
  const unset = service.startTexts?.unsetVariables ?? [];
  const variables = mergeVariables(request, facts, unset, mark);
  const known = new Map(facts.known);
  const words = request.arguments.map(mark);
  return {
    ...request,
    ...withoutFilled(request, facts, unset),
    file: mark(request.file),
    arguments:
      command?.expandsVariables === true
        ? replaceVariables(words, (name) => variables.get(name) ?? known.get(name))
        : words,
    environment: [...variables].map(([name, value]) => `${name}=${value}`),
    layout: request.layout.map(markEntry),
    workingDirectory: request.workingDirectory && mark(request.workingDirectory),
    rootDirectory: request.rootDirectory && mark(request.rootDirectory),
  };
};

/** Where a bare name is looked for, whatever PATH the program itself finds. */
const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const findProgram = async (name: string, root: string): Promise<string | undefined> => {
  for (const folder of searchPath) {
    const file = join(folder, name);
    try {
      await access(join(root, file), constants.X_OK);
      return file;
    } catch {
      // in the next one
    }
  }
  return undefined;
};

export type CompletedStart =
  | { readonly kind: 'complete'; readonly request: RecipeRequest }
  /** `what` has `%` for the service. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The same with what has to be asked of the file system: files of variables, and a program that is just a name. */
export const completeStart = async (
  request: RecipeRequest,
  service: ResolvedService,
  command: CommandLine | undefined,
  facts: Omit<StartFacts, 'variables'>,
): Promise<CompletedStart> => {
  const mark = (text: string): string =>
    facts.instance === undefined ? text : replaceMarks(text, facts.instance);
  const files = service.startTexts?.environmentFiles ?? [];
  const read = await readEnvironmentFiles(files.map((file) => ({ ...file, path: mark(file.path) })));
  if (read.kind === 'failed') return read;
  const complete = completeRequest(request, service, command, { ...facts, variables: read.variables });
  if (complete.file.includes('/')) return { kind: 'complete', request: complete };
  const file = await findProgram(complete.file, complete.rootDirectory ?? '/');
  if (file !== undefined) return { kind: 'complete', request: { ...complete, file } };
  const what = `cannot execute % as '${complete.file}': no such program in ${searchPath.join(', ')}`;
  return { kind: 'failed', failure: { code: 'ENOENT', what } };
};
