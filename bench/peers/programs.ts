// Finds the peers' programs: in the folder that packages were unpacked into, then in the places of the system.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Command } from './server.ts';

/** How a command line that runs it begins. */
export type Program = { readonly file: string; readonly arguments: readonly string[] };

export type Programs = {
  readonly find: (name: string) => Program | undefined;
  /** A file below one of the folders of libraries. */
  readonly findLibrary: (name: string) => string | undefined;
};

const { PATH: searchPath = '' } = process.env;
const ownFolders = [...searchPath.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const unpackedFolders = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const foldersOfLibraries = (root: string): readonly string[] =>
  ['usr/lib', 'lib'].flatMap((below) => {
    const folder = join(root, below);
    if (!existsSync(folder)) return [];
    const machines = readdirSync(folder).filter((name) => name.includes('-linux-gnu'));
    // systemd keeps its own library apart.
    return machines.flatMap((name) => [join(folder, name), join(folder, name, 'systemd')]);
  });

// Handlers inherit LD_LIBRARY_PATH and pay for every folder in it; the loader's own option stays with the server.
const throughLoader = (file: string, libraries: readonly string[]): Program => {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
  const [, loader] = /^\s*(\/\S*\/ld-\S+) \(/m.exec(stdout) ?? [];
  if (!stdout.includes('not found') || loader === undefined) return { file, arguments: [] };
  return { file: loader, arguments: ['--library-path', libraries.join(delimiter), '--argv0', file, file] };
};

export const createPrograms = (peersRoot: string | undefined): Programs => {
  const root = peersRoot === undefined ? undefined : resolve(peersRoot);
  const libraries = root === undefined ? [] : foldersOfLibraries(root);
  return {
    find: (name) => {
      const unpacked = root === undefined ? [] : unpackedFolders.map((folder) => join(root, folder, name));
      const fromRoot = unpacked.find(isExecutable);
      if (fromRoot !== undefined) return throughLoader(fromRoot, libraries);
      const file = ownFolders.map((folder) => join(folder, name)).find(isExecutable);
      return file === undefined ? undefined : { file, arguments: [] };
    },
    findLibrary: (name) =>
      [...libraries, ...foldersOfLibraries('/')].map((folder) => join(folder, name)).find(existsSync),
  };
};

export const commandOf = (program: Program, commandLine: readonly string[]): Command => ({
  file: program.file,
  arguments: [...program.arguments, ...commandLine],
});
