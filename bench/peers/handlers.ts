// The handlers that are started, from the least there can be to a Python program.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, sources } from './compiler.ts';

export type Handler = {
  readonly name: string;
  readonly title: string;
  readonly program: string;
  readonly answer: string;
};

type HandlerSource = {
  readonly name: string;
  readonly title: string;
  readonly answer: string;
  /** Makes the program; what keeps it from that is told. */
  readonly build: (program: string) => string | undefined;
};

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

const fromC = (source: string, flags: readonly string[]) => (program: string) =>
  compile(join('handlers', source), program, flags);

const writeScript = (program: string, text: string): undefined => {
  writeFileSync(program, text);
  chmodSync(program, 0o755);
};

const fromShell = (program: string): undefined =>
  writeScript(program, readFileSync(join(sources, 'handlers', 'line.sh'), 'utf8'));

/** The interpreter itself: a wrapper in front of it would be measured as well. */
const findPython = (): string | undefined => {
  if (existsSync('/usr/bin/python3')) return '/usr/bin/python3';
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
};

const fromPython = (program: string): string | undefined => {
  const python = findPython();
  if (python === undefined) return 'there is no python3 (Debian: apt install python3-minimal)';
  const text = readFileSync(join(sources, 'handlers', 'line.py'), 'utf8');
  // -I: no environment, no directory of the script; -S: no site-packages.
  return writeScript(program, `#!${python} -IS\n${text}`);
};

const line = 'acceptd bench: hello, world';

const handlerSources: readonly HandlerSource[] = [
  { name: 'empty', title: 'empty handler, no C library', answer: '.', build: fromC('empty.c', bare) },
  {
    name: 'static',
    title: 'glibc handler, static',
    answer: `${line}\r\n`,
    build: fromC('line.c', ['-static']),
  },
  { name: 'dynamic', title: 'glibc handler, dynamic', answer: `${line}\r\n`, build: fromC('line.c', []) },
  { name: 'shell', title: 'shell script', answer: `${line}\n`, build: fromShell },
  { name: 'python', title: 'Python script', answer: `${line}\n`, build: fromPython },
];

/** Those that can be chosen; the one that stays is a scenario's own. */
export const handlerNames = handlerSources.map(({ name }) => name);

const holding: HandlerSource = {
  name: 'hold',
  title: 'glibc handler, static, that stays',
  answer: `${line}\r\n`,
  build: fromC('hold.c', ['-static']),
};

const serving: HandlerSource = {
  name: 'once',
  title: 'glibc daemon, static, that serves one client',
  answer: `${line}\r\n`,
  build: fromC('once.c', ['-static']),
};

export const buildHandlers = (
  directory: string,
): { readonly handlers: readonly Handler[]; readonly missing: readonly string[] } => {
  const missing: string[] = [];
  const handlers = [...handlerSources, holding, serving].flatMap(
    ({ name, title, answer, build }): Handler[] => {
      const program = join(directory, name);
      const complaint = build(program);
      if (complaint === undefined) return [{ name, title, program, answer }];
      missing.push(`the ${name} handler is skipped: ${complaint}`);
      return [];
    },
  );
  return { handlers, missing };
};
