// Live instances beside the measured service: clients of a process of its own, whose handlers stay until they leave.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type Crowd = { readonly leave: () => Promise<void> };

const crowds = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of crowds) child.kill('SIGKILL');
});

// Milliseconds.
const patience = 20000;
const patienceForEach = 10;

/** Resolves when every one of them has an instance; gives the reason when they cannot all get one. */
export const gatherCrowd = async (
  port: number,
  count: number,
): Promise<Crowd | { readonly failure: string }> => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'crowd-process.js'), String(port), String(count)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  crowds.add(child);
  const ended = once(child, 'exit').then(() => crowds.delete(child));
  const leave = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  if (count === 0) return { leave };
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patience + count * patienceForEach);
  const isReady = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  clearTimeout(timer);
  if (isReady) return { leave };
  return { failure: complaint.trim() || 'they do not all get an answer in time' };
};
