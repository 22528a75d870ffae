// Starts the server processes that are measured, waits until they serve, and stops exactly those.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isAlive, sendSignal } from './process.ts';

export type Command = {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Beside PATH. Handlers inherit it from servers that do not make one of their own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** It goes into the background and leaves its process id here. */
  readonly pidFile?: string;
  /** For one that takes no SIGTERM for an end. */
  readonly endsBy?: 'SIGKILL';
  /** Removes what it leaves in the kernel; called when it has been told to end. */
  readonly release?: () => void;
};

export type Server = { readonly pid: number; readonly log: () => string; readonly stop: () => Promise<void> };

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
// Milliseconds.
const patienceWithEnd = 5000;

type Running = { readonly command: Command; readonly child: ChildProcess };

const running = new Set<Running>();

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** The process that serves; undefined when it does not run (yet, or any more). */
const readPid = ({ command, child }: Running): number | undefined => {
  if (command.pidFile === undefined) return hasEnded(child) ? undefined : child.pid;
  if (!existsSync(command.pidFile)) return undefined;
  const pid = Number(readFileSync(command.pidFile, 'utf8').trim());
  return Number.isInteger(pid) && pid > 1 && isAlive(pid) ? pid : undefined;
};

process.on('exit', () => {
  for (const server of running) {
    // All of them end by it, and inetd takes its pid file along.
    sendSignal(readPid(server), server.command.endsBy ?? 'SIGTERM');
    server.command.release?.();
  }
});

const stop = async (server: Running): Promise<void> => {
  const pid = readPid(server);
  sendSignal(pid, server.command.endsBy ?? 'SIGTERM');
  const deadline = performance.now() + patienceWithEnd;
  let isKilled = false;
  while (pid !== undefined && isAlive(pid)) {
    if (performance.now() > deadline && !isKilled) {
      sendSignal(pid, 'SIGKILL');
      isKilled = true;
    }
    await wait(10);
  }
  running.delete(server);
  server.command.release?.();
};

/**
 * Descriptor limits can only be set by the process itself or its parent; a shell's ulimit does it before it execs. The
 * hard limit stays where it can: those who know how many they need raise theirs.
 */
const withDescriptors = (limit: number, command: Command): readonly [string, readonly string[]] => [
  '/bin/sh',
  [
    '-c',
    '{ ulimit -Sn "$0" 2>/dev/null || ulimit -n "$0"; } && exec "$@"',
    String(limit),
    command.file,
    ...command.arguments,
  ],
];

let started = 0;

/** Rejects with the end of the server's log when it is not ready after `patience` milliseconds. */
export const startServer = async (
  command: Command,
  setting: { readonly directory: string; readonly descriptors: number; readonly patience: number },
  isReady: (log: () => string) => Promise<boolean>,
): Promise<Server> => {
  const logFile = join(setting.directory, `server-${++started}.log`);
  const logDescriptor = openSync(logFile, 'a');
  const [file, commandLine] = withDescriptors(setting.descriptors, command);
  const child = spawn(file, commandLine, {
    stdio: ['ignore', logDescriptor, logDescriptor],
    env: { ...environment, ...command.environment },
    cwd: '/',
  });
  closeSync(logDescriptor);
  const server: Running = { command, child };
  running.add(server);
  const isGone = () =>
    hasEnded(child) &&
    (command.pidFile === undefined || (child.exitCode !== 0 && readPid(server) === undefined));
  child.on('error', () => running.delete(server));
  const log = () => readFileSync(logFile, 'utf8');

  const deadline = performance.now() + setting.patience;
  while (!isGone() && performance.now() < deadline) {
    if (await isReady(log)) {
      const pid = readPid(server);
      if (pid !== undefined) return { pid, log, stop: () => stop(server) };
    }
    await wait(20);
  }
  const fate = isGone() ? `ended (${child.exitCode ?? child.signalCode})` : 'does not answer as it should';
  await stop(server);
  const lastLines = log().trim().split('\n').slice(-5).join('\n    ');
  throw new Error(`it ${fate}${lastLines === '' ? '' : `:\n    ${lastLines}`}`);
};
