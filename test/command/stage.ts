// Runs acceptd's command line as a user does, and keeps a server that it starts for as long as a test needs it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type RunResult, run, searchPath } from '../support/command.ts';
import { withOnly } from '../support/environment.ts';

export const mainModule = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));
export const projectDirectory = fileURLToPath(new URL('../../..', import.meta.url));

/** A command to its end. */
export const acceptd = (...words: readonly string[]): Promise<RunResult> =>
  run(process.execPath, [mainModule, ...words], { environment: { TAP: '' } });

export const temporaryDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-command-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** acceptd under another name, as a link in some bin directory. */
export const linkAs = (directory: string, name: string): string => {
  const link = join(directory, name);
  symlinkSync(mainModule, link);
  return link;
};

export type Server = {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when so many lines on stderr fit; rejects when it ends first. */
  readonly untilSaid: (fits: RegExp, count?: number) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** The exit status, of an end that something else has brought about. */
  readonly ended: () => Promise<number | undefined>;
  /** Sends TERM and gives the exit status. */
  readonly stop: () => Promise<number | undefined>;
};

export type ServeOptions = {
  /** A command that acceptd is started by: `['strace', '-c']`. */
  readonly under?: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** A server in the foreground, once a line on stderr fits. */
export const serve = async (
  t: Test,
  words: readonly string[],
  isReady = /"event":"applied"/,
  { under = [], directory = projectDirectory, environment = {} }: ServeOptions = {},
): Promise<Server> => {
  const started = [...under, process.execPath, mainModule, ...words];
  const child = spawn('env', withOnly({ PATH: searchPath, ACCEPTD_CONTROL: '', ...environment }, started), {
    env: { PATH: searchPath },
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  const lines = createInterface({ input: child.stderr });
  let isClosed = false;
  lines.on('line', (line) => {
    stderr += `${line}\n`;
  });
  lines.on('close', () => {
    isClosed = true;
  });
  const untilSaid = (fits: RegExp, count = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.split('\n').filter((line) => fits.test(line)).length >= count) resolve();
        else if (isClosed) reject(new Error(`acceptd ended: ${stderr}`));
        else return;
        lines.off('line', look);
        lines.off('close', look);
      };
      lines.on('line', look);
      lines.on('close', look);
      look();
    });
  await untilSaid(isReady);
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    untilSaid,
    signal: (name) => void child.kill(name),
    ended: async () => {
      await exited;
      return child.exitCode ?? undefined;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode ?? undefined;
    },
  };
};
