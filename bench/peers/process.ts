// Questions about processes that are not our children, or not any more.
import { readFileSync } from 'node:fs';

/** A process that has ended but has not been waited for is not alive. */
export const isAlive = (pid: number): boolean => {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(status.slice(status.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
};

/** Does nothing to one that has gone. */
export const sendSignal = (pid: number | undefined, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** Of the process itself, in KiB: what it would give back if it ended. */
export const readPrivateMemory = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Private_Dirty:\s*(\d+)/m.exec(text)?.[1] ?? Number.NaN);
};
