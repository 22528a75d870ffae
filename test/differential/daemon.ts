// Starts xinetd or acceptd with the same configuration, and knows when each is ready and when its handlers have ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

export type DaemonName = 'xinetd' | 'acceptd';

export type DaemonFiles = {
  /** Of the daemon's own files. */
  readonly directory: string;
  readonly configuration: string;
  /** acceptd's main module. */
  readonly main: string;
};

export type Daemon = {
  readonly pid: number;
  /** What it said of itself. */
  readonly output: () => string;
  /**
   * Resolves when it has no more than so many children and nothing to do; rejects after some seconds. xinetd throws
   * away what comes to a datagram socket until it sleeps again.
   */
  readonly untilQuiet: (children: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const patience = 60_000;
/** Between two looks: what is waited for has no event that both daemons tell. */
const interval = 2;

const waitUntil = async (isSo: () => boolean, what: () => string): Promise<void> => {
  const end = performance.now() + patience;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited ${patience} ms for ${what()}`);
    await pass(interval);
  }
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const childrenOf = (pid: number): number =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).length;

/** Whether it waits in the kernel, for something to happen. */
const isAsleep = (pid: number): boolean => {
  const status = read(`/proc/${pid}/stat`);
  return status.slice(status.lastIndexOf(')') + 2).startsWith('S');
};

/** The same for both: what handlers inherit is compared. */
const environment = ['PATH=/usr/local/bin:/usr/bin:/bin', 'LC_ALL=C', 'TZ=UTC', 'COLOUR=blue', 'SHAPE=round'];
const limits = ['--nofile=1024:4096', '--core=0:0'];

const wordsOf = (name: DaemonName, { configuration, directory, main }: DaemonFiles): readonly string[] => [
  ...(name === 'xinetd' ? ['/usr/sbin/xinetd'] : [process.execPath, main, 'xinetd', '--mapped']),
  ...['-dontfork', '-f', configuration],
  ...['-filelog', join(directory, 'daemon.log'), '-pidfile', join(directory, 'daemon.pid')],
];

export const startDaemon = async (name: DaemonName, files: DaemonFiles): Promise<Daemon> => {
  const logPath = join(files.directory, 'daemon.log');
  rmSync(logPath, { force: true });
  const words = ['-i', ...environment, 'prlimit', ...limits, ...wordsOf(name, files)];
  const child: ChildProcess = spawn('env', words, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const take = (part: Buffer): void => {
    printed += part.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const output = (): string => printed + read(logPath);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await waitUntil(
    () => hasEnded() || output().includes('Started working'),
    () => `${name} to be ready; it said:\n${output()}`,
  );
  const { pid } = child;
  if (pid === undefined || hasEnded()) throw new Error(`${name} did not start; it said:\n${output()}`);
  return {
    pid,
    output,
    untilQuiet: (count) =>
      waitUntil(
        () => (childrenOf(pid) <= count && isAsleep(pid)) || hasEnded(),
        () => `${name} to be quiet with ${count} children, it has ${childrenOf(pid)}; it said:\n${output()}`,
      ),
    stop: async () => {
      if (hasEnded()) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      await exit;
      clearTimeout(timer);
    },
  };
};
