// Compiles the C programs of the comparison.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const projectDirectory = join(import.meta.dirname, '..', '..', '..');
export const sources = join(projectDirectory, 'bench', 'peers');

const warnings = ['-O2', '-std=gnu17', '-Wall', '-Wextra', '-Werror'];

/** What went wrong, or undefined. */
export const compile = (source: string, output: string, flags: readonly string[]): string | undefined => {
  const { CC: compiler = 'cc' } = process.env;
  const built = spawnSync(compiler, [...warnings, ...flags, '-o', output, join(sources, source)], {
    encoding: 'utf8',
  });
  if (built.error !== undefined)
    return `cannot run ${compiler}: install a C compiler (apt install build-essential)`;
  return built.status === 0 ? undefined : `${compiler} cannot build ${source}:\n${built.stderr.trim()}`;
};
