// The addon, which only the files beside this one know, and how its errors become ours.
import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** The functions of the addon that a file uses (native/api.hh). */
export const openAddon = <Functions>(): Functions => createRequire(import.meta.url)('#native');

const addon = openAddon<{ errorText(errno: number): string }>();

/** The kernel said no. `message` is a sentence: "cannot bind 0.0.0.0:79: address already in use". */
export class SystemError extends Error {
  readonly code: string;
  constructor(what: string, code: string, reason: string) {
    super(`cannot ${what}: ${reason}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

// The system's and not libuv's, which does not know the errors of exec(2). The first of two names is the usual one.
const errorNames = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, errno]) => [errno, name]),
);

/** `-98` -> EADDRINUSE and its text. */
export const describeErrno = (result: number): { readonly code: string; readonly reason: string } => {
  const errno = Math.abs(result);
  return { code: errorNames.get(errno) ?? `E${errno}`, reason: addon.errorText(errno) };
};

/** The error of a call that gave -errno. */
export const failed = (what: string, errno: number): SystemError => {
  const { code, reason } = describeErrno(errno);
  return new SystemError(what, code, reason);
};

/** A call's number; below 0 it is -errno and thrown as an error that says what was tried. */
export const demand = (what: string, result: number): number => {
  if (result < 0) throw failed(what, result);
  return result;
};
