// The machine and the versions that a run's figures belong to.
import { createRequire } from 'node:module';
import { availableParallelism, cpus, machine, release, totalmem } from 'node:os';
import type { Surroundings } from './result.ts';

/** The version in the package that this file is part of. */
const readVersion = (): string => {
  const { version }: { readonly version?: unknown } = createRequire(import.meta.url)('#package');
  return typeof version === 'string' ? version : 'unknown';
};

/** Some processors fill their name with blanks; many of arm64 tell none. */
export const tidyModel = (model: string | undefined): string =>
  model?.replace(/\s+/g, ' ').trim() || 'unknown';

export const readSurroundings = (): Surroundings => ({
  processors: availableParallelism(),
  model: tidyModel(cpus()[0]?.model),
  memoryMebibytes: Math.round(totalmem() / 2 ** 20),
  kernel: release(),
  architecture: machine(),
  acceptd: readVersion(),
  node: process.versions.node,
});
