// Compiles the small C programs of test/handlers, which tests start as handlers.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../../test/handlers/', import.meta.url));

/**
 * Makes a directory that every user can enter, with these programs in it, linked statically: they run in any root
 * directory. Before openKernel(): the engine reaps all children of its process, the compiler too.
 */
export const compileHandlers = (...names: readonly string[]): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-handlers-'));
  chmodSync(directory, 0o755);
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  for (const name of names) {
    const flags = ['-O1', '-static', '-Wall', '-Werror', '-D_GNU_SOURCE', '-o', join(directory, name)];
    execFileSync('cc', [...flags, join(sources, `${name}.c`)], { env: environment });
  }
  return directory;
};
