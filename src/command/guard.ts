// The guard: a small program that keeps acceptd running and has its listeners meanwhile. This process becomes it.
import { existsSync } from 'node:fs';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { execProgram } from '../native/exec.ts';
import { guardProgram } from '../native/guard-program.ts';
import { adoptDescriptor } from '../native/inheritance.ts';
import { countInherited } from '../operate/start-environment.ts';
import { readyMark } from './background.ts';

/** acceptd's own sockets begin there. */
const firstDescriptor = 3;

export type GuardWishes = {
  /** Where whoever has called acceptd waits for a word that it is ready. */
  readonly ready?: Descriptor | undefined;
  /** Nothing is written to stderr any more when acceptd is ready. */
  readonly isSilent?: boolean;
};

/** The command line of the acceptd that is guarded; behind `--` stand somebody else's words. */
export const withoutGuard = (words: readonly string[]): readonly string[] => {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  return [...own.filter((word) => !/^--guard(=.*)?$/.test(word)), ...words.slice(own.length)];
};

/**
 * Becomes the guard, which starts the same command without --guard; comes back only where that cannot be. No second Node
 * stays: the guard has this pid.
 */
export const becomeGuard = ({ ready, isSilent = false }: GuardWishes = {}): ExitStatus => {
  const { env, execArgv, execPath, argv } = process;
  const own = [guardProgram, ...(isSilent ? ['--silent-when-ready'] : [])];
  // fewer may be open than promised
  const sockets = Array.from({ length: countInherited(env) }, (_, index) =>
    descriptorOf(firstDescriptor + index),
  ).filter(adoptDescriptor);
  const { message } = execProgram(
    guardProgram,
    [...own, execPath, ...execArgv, ...withoutGuard(argv.slice(1))],
    ready === undefined ? env : { ...env, [readyMark]: String(ready) },
    ready === undefined ? sockets : [...sockets, ready],
  );
  const advice = existsSync(guardProgram)
    ? 'run acceptd without --guard'
    : 'build it with make -C native in the directory of the package, which needs make and g++, or run acceptd without --guard';
  return complain(`${message}; ${advice}`, exitStatus.system);
};
