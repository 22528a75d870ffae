// Another program in place of this process.
import type { Descriptor } from '../model/descriptor.ts';
import { failed, openAddon, type SystemError } from './addon.ts';

const addon = openAddon<{
  execProgram(
    path: string,
    words: readonly string[],
    variables: readonly string[],
    descriptors: Int32Array,
  ): number;
}>();

type Environment = Readonly<Record<string, string | undefined>>;

const wordsOf = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));

/**
 * Becomes the program `path`, with this pid and these children. It has stdin, stdout and stderr, and the descriptors that
 * are named, at the same numbers; no other. All threads end and nothing is written any more. Comes back only with the
 * reason why it could not be.
 */
export const execProgram = (
  path: string,
  argv: readonly string[],
  environment: Environment,
  descriptors: readonly Descriptor[],
): SystemError => {
  const variables = wordsOf(environment);
  if ([path, ...argv, ...variables].some((word) => word.includes('\0'))) {
    // the kernel would see another word than the one that was written
    throw new Error('a NUL stands in a word of a program to be started');
  }
  return failed(`execute ${path}`, addon.execProgram(path, argv, variables, Int32Array.from(descriptors)));
};
