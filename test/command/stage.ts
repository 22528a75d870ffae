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

export const mainModule = fileURLToPath(new URL('../../src/main.js', import.meta.url));
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
  /** Sends TERM and gives the exit status. */
  readonly stop: () => Promise<number | undefined>;
};

/** A server in the foreground, once a line on stderr fits. */
export const serve = async (
  t: Test,
  words: readonly string[],
  isReady = /"event":"applied"/,
): Promise<Server> => {
  const child = spawn(process.execPath, [mainModule, ...words], {
    env: { PATH: searchPath },
    cwd: projectDirectory,
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
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      stderr += `${line}\n`;
      if (isReady.test(line)) resolve();
    });
    lines.on('close', () => reject(new Error(`acceptd ended: ${stderr}`)));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode ?? undefined;
    },
  };
};
