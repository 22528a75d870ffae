// Runs other programs for a test: clients, and what fixtures are made with.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { withOnly } from './environment.ts';

/** What a test's processes get as PATH, whatever the tester's own is. */
export const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type RunOptions = {
  /** Written to the program's stdin, which is then closed; without it stdin is empty. */
  readonly input?: string;
  /** Keeps stdin open until what the program printed matches; for clients that leave at the end of their input. */
  readonly until?: RegExp;
  /** Milliseconds after which the program is killed and the promise rejected; a minute if not told: machines are slow. */
  readonly timeout?: number;
  /** Added to PATH and LC_ALL=C, which is all the program gets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
};

export type RunResult = {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a program to its end; only a program that cannot be started or is too slow rejects. */
export const run = (
  command: string,
  programArguments: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult> =>
  new Promise((resolve, reject) => {
    const environment = { PATH: searchPath, LC_ALL: 'C', ...options.environment };
    const child = spawn('env', withOnly(environment, [command, ...programArguments]), {
      env: { PATH: searchPath },
      cwd: options.directory,
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    const shown = `${command} ${programArguments.join(' ')}`;
    const timeout = options.timeout ?? 60_000;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${shown}: not ended after ${timeout} ms; stdout: ${stdout}; stderr: ${stderr}`));
    }, timeout);
    const look = () => {
      if (options.until?.test(stdout + stderr)) child.stdin.end();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      look();
    });
    // EPIPE: the program did not read its input, which is its own affair.
    child.stdin.on('error', () => {});
    child.stdin.write(options.input ?? '');
    if (options.until === undefined) child.stdin.end();
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      // env's own words where it cannot start the program
      if ((code === 126 || code === 127) && stderr.startsWith('env: '))
        reject(new Error(`${command}: ${stderr}`));
      else resolve({ code: code ?? undefined, stdout, stderr });
    });
  });

/** Runs what a fixture needs: anything but exit status 0 rejects. */
export const mustRun = async (
  command: string,
  programArguments: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> => {
  const { code, stdout, stderr } = await run(command, programArguments, options);
  if (code !== 0)
    throw new Error(`${command} ${programArguments.join(' ')}: exit status ${code}: ${stdout}${stderr}`);
  return stdout;
};

/** Whether this file may be executed; for `skip`. */
export const hasProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

export const isRoot = process.getuid?.() === 0;
