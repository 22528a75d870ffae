// What this machine allows to be open or to run at once.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const canOpen = (descriptors: number): boolean =>
  spawnSync('/bin/sh', ['-c', `ulimit -n ${descriptors}`], { stdio: 'ignore' }).status === 0;

const readNumber = (file: string): number => Number(readFileSync(file, 'utf8').trim());

const readAvailableKibibytes = (): number =>
  Number(/^MemAvailable:\s*(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);

const readProcessLimit = (): number => {
  const limit = /^Max processes\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined || limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
};

// What a small static program takes with its page tables, its kernel stack and both ends of its connection.
const kibibytesEach = 250;
// Half of the memory, and three quarters of the processes, are for others.
const share = { memory: 0.5, processes: 0.75 };

/** How many small handlers may run at once. */
export const mostInstances = (): number =>
  Math.floor(
    Math.min(
      share.processes * readNumber('/proc/sys/kernel/pid_max'),
      share.processes * readNumber('/proc/sys/kernel/threads-max'),
      share.processes * readProcessLimit(),
      (share.memory * readAvailableKibibytes()) / kibibytesEach,
    ),
  );
