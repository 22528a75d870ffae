// Compiles the C programs of the benchmark into a directory of their own, which goes when the benchmark ends.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const projectDirectory = join(import.meta.dirname, '..', '..');
const sources = join(projectDirectory, 'bench');

export type Handler = {
  readonly name: string;
  readonly title: string;
  readonly program: string;
  /** How many bytes it answers. */
  readonly bytes: number;
};

export type Workshop = {
  readonly directory: string;
  readonly load: string;
  readonly floor: string;
  readonly handlers: readonly Handler[];
  /** What could not be built, and why. */
  readonly missing: readonly string[];
};

const warnings = ['-O2', '-std=gnu17', '-Wall', '-Wextra', '-Werror'];
// Neither a C library nor anything else that exec would have to map.
const bare = [
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
];

const handlerSources = [
  { name: 'empty', title: 'empty handler, no C library', source: 'handlers/empty.c', flags: bare, bytes: 1 },
  {
    name: 'static',
    title: 'glibc handler, static',
    source: 'handlers/line.c',
    flags: ['-static'],
    bytes: 29,
  },
  { name: 'dynamic', title: 'glibc handler, dynamic', source: 'handlers/line.c', flags: [], bytes: 29 },
];

export const handlerNames = handlerSources.map(({ name }) => name);

const compile = (source: string, output: string, flags: readonly string[]): string | undefined => {
  const { CC: compiler = 'cc' } = process.env;
  const built = spawnSync(compiler, [...warnings, ...flags, '-o', output, join(sources, source)], {
    encoding: 'utf8',
  });
  if (built.error !== undefined)
    return `cannot run ${compiler}: install a C compiler (apt install build-essential)`;
  return built.status === 0 ? undefined : `${compiler} cannot build ${source}:\n${built.stderr.trim()}`;
};

const compileOrThrow = (source: string, output: string): string => {
  const complaint = compile(source, output, []);
  if (complaint !== undefined) throw new Error(complaint);
  return output;
};

export const createDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Throws when the load client or the bare loop cannot be built: nothing can be measured then. */
export const openWorkshop = (): Workshop => {
  const directory = createDirectory();
  const missing: string[] = [];
  const load = compileOrThrow('load.c', join(directory, 'load'));
  const floor = compileOrThrow('floor.c', join(directory, 'floor'));
  const handlers = handlerSources.flatMap(({ name, title, source, flags, bytes }): Handler[] => {
    const program = join(directory, name);
    const complaint = compile(source, program, flags);
    if (complaint === undefined) return [{ name, title, program, bytes }];
    missing.push(`the ${name} handler is skipped: ${complaint}`);
    return [];
  });
  return { directory, load, floor, handlers, missing };
};
