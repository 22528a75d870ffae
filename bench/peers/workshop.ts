// What is built before anything is measured, in a directory of its own, which goes when the comparison ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from './compiler.ts';
import { buildHandlers, type Handler } from './handlers.ts';

export type Workshop = {
  readonly directory: string;
  readonly floor: string;
  /** The bare loop of socket activation. */
  readonly activate: string;
  readonly handlers: readonly Handler[];
  /** What could not be built, and why. */
  readonly missing: readonly string[];
};

export const createDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-bench-'));
  // Some servers start their handlers as somebody else.
  chmodSync(directory, 0o755);
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Throws when the bare loop cannot be built: there is nothing to compare with then. */
export const openWorkshop = (): Workshop => {
  const directory = createDirectory();
  const floor = join(directory, 'floor');
  const activate = join(directory, 'activate');
  const complaint = compile('floor.c', floor, []) ?? compile('activate.c', activate, []);
  if (complaint !== undefined) throw new Error(complaint);
  return { directory, floor, activate, ...buildHandlers(directory) };
};
