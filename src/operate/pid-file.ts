// The file that says under which pid a daemon runs, and keeps a second one from starting.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const readNumber = (path: string): number | undefined => {
  try {
    const number = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(number) && number > 1 ? number : undefined;
  } catch {
    // no file, no number: nobody runs
    return undefined;
  }
};

const nameOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** The pid of a daemon of ours that the file names and that lives; another program may have its number by now. */
export const findRunning = (path: string, names: readonly string[]): number | undefined => {
  const pid = readNumber(path);
  const name = pid === undefined || pid === process.pid ? undefined : nameOf(pid);
  return name !== undefined && names.includes(name) ? pid : undefined;
};

/** Whole or not at all: nobody reads half a number. Throws the file system's error. */
export const writePidFile = (path: string): void => {
  const next = `${path}.new`;
  writeFileSync(next, `${process.pid}\n`, { mode: 0o644 });
  renameSync(next, path);
};

/** Only our own: a successor may have written its number already. */
export const removePidFile = (path: string): void => {
  if (readNumber(path) === process.pid) rmSync(path, { force: true });
};
