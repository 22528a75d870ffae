// The next version of acceptd takes the place of this one in the same process; what it finds there is ours.
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, failed, openAddon, type SystemError } from './addon.ts';

const addon = openAddon<{
  sealMemoryFile(name: string, bytes: Uint8Array): number;
  isSealed(fd: number): number;
  isStarting(): boolean;
  takeEarlySignals(): number;
  takeOver(descriptors: Int32Array, pids: Int32Array): number;
  executeAgain(
    file: string,
    words: readonly string[],
    environment: readonly string[],
    descriptors: Int32Array,
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

export type NextProgram = {
  readonly file: string;
  /** With the name under which it runs as the first. */
  readonly words: readonly string[];
  readonly environment: readonly string[];
  /** What it finds open, at the same numbers. */
  readonly descriptors: readonly Descriptor[];
};

/** Becomes the program, or gives why not: then all is as it was. */
export const executeAgain = ({ file, words, environment, descriptors }: NextProgram): SystemError =>
  failed(`execute ${file}`, addon.executeAgain(file, words, environment, Int32Array.from(descriptors)));
