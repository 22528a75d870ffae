// Ends a process with all that it has started: nobody can start another one meanwhile.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const pause = 5;
const mostTries = 400;

/** Its state as /proc has it; of one that is gone that of a dead one. */
const stateOf = (pid: number): string => {
  try {
    return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'X';
  } catch {
    return 'X';
  }
};

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // it has ended meanwhile
    return [];
  }
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile, or is somebody else's
  }
};

/** Stops a process, and then those that it has; all of them, the first one first. */
const stopTree = async (pid: number): Promise<readonly number[]> => {
  signal(pid, 'SIGSTOP');
  for (let tries = 0; tries < mostTries && !/[TtZX]/.test(stateOf(pid)); tries++) await setTimeout(pause);
  const below: number[] = [];
  for (const child of childrenOf(pid)) below.push(...(await stopTree(child)));
  return [pid, ...below];
};

/** Kills a process and all that come from it, whether anybody knows of them or not. */
export const killTree = async (pid: number): Promise<void> => {
  for (const each of await stopTree(pid)) signal(each, 'SIGKILL');
};
