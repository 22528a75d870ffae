// Another program in place of this process; where it is the next version of acceptd, what that one finds there is ours.
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, failed, openAddon, type SystemError } from './addon.ts';

const addon = openAddon<{
  sealMemoryFile(name: string, bytes: Uint8Array): number;
  isSealed(fd: number): number;
  isStarting(): boolean;
  takeEarlySignals(): number;
  takeOver(descriptors: Int32Array, pids: Int32Array): number;
  execProgram(
    path: string,
    words: readonly string[],
    variables: readonly string[],
    descriptors: Int32Array,
    followsUs: boolean,
  ): number;
}>();

/** A file in memory with these bytes, which nobody can change any more. */
export const sealMemoryFile = (name: string, bytes: Uint8Array): Descriptor =>
  descriptorOf(demand('write a file in memory', addon.sealMemoryFile(name, bytes)));

/** Whether nobody can change what a descriptor means; false of anything but a file in memory. */
export const isSealed = (descriptor: Descriptor): boolean => addon.isSealed(descriptor) === 1;

/** Whether a child is still on its way to its program, or has failed there and nobody has heard of it. */
export const isStarting = (): boolean => addon.isStarting();

/** What the version before us had: its descriptors stay with us, and its children are reaped as ours. */
export const takeOver = (descriptors: readonly Descriptor[], pids: readonly number[]): void => {
  demand('take over a descriptor', addon.takeOver(Int32Array.from(descriptors), Int32Array.from(pids)));
};

/**
 * Signals that have come since the exec, by number, before anybody caught them; to be called once those are caught that
 * mean something.
 */
export const takeEarlySignals = (): readonly number[] => {
  const bits = addon.takeEarlySignals();
  return Array.from({ length: 32 }, (_, signal) => signal).filter(
    (signal) => Math.floor(bits / 2 ** signal) % 2 === 1,
  );
};

export type Environment = Readonly<Record<string, string | undefined>>;

export const wordsOf = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));

/**
 * Becomes the program `path`, with this pid and these children. It has stdin, stdout and stderr, and the descriptors that
 * are named, which are open, at the same numbers; no other. All threads end and nothing is written any more. Comes back
 * only with the reason why it could not be.
 */
export const execProgram = (
  path: string,
  argv: readonly string[],
  environment: Environment,
  descriptors: readonly Descriptor[],
  /** `acceptd`: it follows us, and signals that come before it can hear them are kept for it. */
  next: 'other' | 'acceptd' = 'other',
): SystemError => {
  const variables = wordsOf(environment);
  if ([path, ...argv, ...variables].some((word) => word.includes('\0'))) {
    // the kernel would see another word than the one that was written
    throw new Error('a NUL stands in a word of a program to be started');
  }
  const listed = Int32Array.from(descriptors);
  return failed(`execute ${path}`, addon.execProgram(path, argv, variables, listed, next === 'acceptd'));
};
