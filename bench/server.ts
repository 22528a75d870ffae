// Starts the server processes that are measured, waits until they serve, and stops exactly those.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export type Command = {
  readonly file: string;
  readonly arguments: readonly string[];
};

export type Server = { readonly pid: number; readonly log: () => string; readonly stop: () => Promise<void> };

// Handlers inherit this environment from servers that do not make one of their own.
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  // All of them end by it, and inetd takes its pid file along.
  for (const child of alive) child.kill('SIGTERM');
});

/** How many bytes a client gets before the end. */
export const countAnswer = (host: string, port: number): Promise<number> =>
  new Promise((resolve) => {
    let bytes = 0;
    const socket = connect({ port, host });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(bytes));
  });

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const stop = async (child: ChildProcess): Promise<void> => {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
};

/** Descriptor limits can only be set by the process itself or its parent; a shell's ulimit does it before it execs. */
const withDescriptors = (limit: number, command: Command): readonly [string, readonly string[]] => [
  '/bin/sh',
  ['-c', 'ulimit -n "$0" && exec "$@"', String(limit), command.file, ...command.arguments],
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
    env: environment,
    cwd: '/',
  });
  closeSync(logDescriptor);
  alive.add(child);
  child.on('error', () => alive.delete(child));
  child.on('exit', () => alive.delete(child));
  const log = () => readFileSync(logFile, 'utf8');

  const deadline = performance.now() + setting.patience;
  while (!hasEnded(child) && performance.now() < deadline) {
    if (await isReady(log)) return { pid: child.pid ?? 0, log, stop: () => stop(child) };
    await wait(20);
  }
  const fate = hasEnded(child) ? `ended (${child.exitCode ?? child.signalCode})` : 'does not become ready';
  await stop(child);
  const lastLines = log().trim().split('\n').slice(-5).join('\n    ');
  throw new Error(`it ${fate}${lastLines === '' ? '' : `:\n    ${lastLines}`}`);
};
