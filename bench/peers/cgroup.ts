// One cgroup for a systemd and all that it starts; it is gone when the comparison ends.
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

// Milliseconds: what was killed takes its time to leave.
const patience = 3000;
const pause = 20;

/** Also while the process exits, when nothing can be awaited. */
const sleep = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

const removeTree = (path: string): void => {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  rmdirSync(path);
};

const isRemoved = (path: string): boolean => {
  try {
    if (existsSync(path)) removeTree(path);
    return true;
  } catch {
    return false;
  }
};

/** `remove` waits until its processes are gone. */
export const makeCgroup = (
  tree: string,
  name: string,
): { readonly path: string; readonly remove: () => void } => {
  const path = join(tree, name);
  mkdirSync(path);
  const remove = () => {
    const deadline = performance.now() + patience;
    while (!isRemoved(path) && performance.now() < deadline) sleep(pause);
    if (existsSync(path)) process.stderr.write(`bench: the cgroup ${path} could not be removed\n`);
  };
  return { path, remove };
};
