// xinetd.conf for tests of the command line: one service in an expression, and a daemon in the background.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { type RunResult, run } from '../support/command.ts';
import { mainModule } from './stage.ts';

export const me = userInfo().username;

/** `service NAME` with what most tests want; more lines replace attributes of the same name. */
export const service = (name: string, port: number, lines: Readonly<Record<string, string>> = {}): string => {
  const attributes = {
    type: 'UNLISTED',
    socket_type: 'stream',
    protocol: 'tcp',
    wait: 'no',
    user: me,
    bind: '127.0.0.1',
    port: String(port),
    server: '/bin/cat',
    flags: 'NOLIBWRAP',
    ...lines,
  };
  const written = Object.entries(attributes).map(([key, value]) => `\t${key} = ${value}\n`);
  return `service ${name}\n{\n${written.join('')}}\n`;
};

export const writeConfiguration = (directory: string, text: string): string => {
  const file = join(directory, 'xinetd.conf');
  writeFileSync(file, text);
  return file;
};

/** Files tell nobody that they have come or gone. */
export const until = async (isSo: () => boolean, what: string): Promise<void> => {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 2_000) throw new Error(`waited for ${what}`);
    await wait(5);
  }
};

/** Whether this process lives; one that is dead and unreaped does not. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

export type Daemon = { readonly called: RunResult; readonly pid: number; readonly log: () => string };

/** Calls `xinetd` as a script does, which leaves it in the background; the daemon's stderr is a file. */
export const startDaemon = async (
  t: Test,
  directory: string,
  words: readonly string[],
  options: { readonly link?: string; readonly before?: string; readonly from?: string } = {},
): Promise<Daemon> => {
  const pidFile = join(directory, 'pid');
  const log = join(directory, 'stderr');
  const name = options.link === undefined ? [mainModule, 'xinetd'] : [options.link];
  const called = await run(
    '/bin/sh',
    [
      '-c',
      `${options.before ?? ':'}; exec "$0" "$@" 2>"$LOG"`,
      process.execPath,
      ...name,
      '-pidfile',
      pidFile,
      ...words,
    ],
    { environment: { LOG: log }, directory: options.from ?? directory },
  );
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  t.teardown(() => {
    if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { called, pid, log: () => readFileSync(log, 'utf8') };
};
