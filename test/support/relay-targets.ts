// Real servers behind a relay, started by the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';

type Place = { readonly port: number } | { readonly path: string };

const answers = (where: Place): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection('port' in where ? { ...where, host: '127.0.0.1' } : where);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Resolves when it takes connections; it is ended with the test. */
export const startServer = async (
  t: Test,
  program: string,
  words: readonly string[],
  where: Place,
): Promise<void> => {
  const child = spawn(program, words, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (let tries = 0; tries < 1_000; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    if (await answers(where)) return;
    await pause(10);
  }
  throw new Error(`${program} does not listen`);
};
