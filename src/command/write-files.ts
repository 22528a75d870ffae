// Writes files all or none: each appears with its whole text, and none takes the place of another unless told.
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export type NewFile = { readonly path: string; readonly text: string };

/** A file that must not be replaced is there. */
export class FileExistsError extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`${path} is already there`);
    this.path = path;
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** Who may not read one of the sources shall not read a secret of it here. */
export const strictestMode = async (sources: readonly string[]): Promise<number> => {
  const states = await Promise.all(sources.map((path) => stat(path).catch(() => undefined)));
  return states.reduce((mode, state) => (state?.isFile() === true ? mode & state.mode : mode), 0o644);
};

const writeBeside = async ({ path, text }: NewFile, mode: number): Promise<string> => {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
};

/** link(2) replaces nothing, rename(2) does. */
const place = async (temporary: string, path: string, isForced: boolean): Promise<void> => {
  if (isForced) return rename(temporary, path);
  try {
    await link(temporary, path);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? new FileExistsError(path) : error;
  }
};

/** Rejects with a FileExistsError or what the system said; then nothing has changed but what was forced. */
export const writeFiles = async (
  files: readonly NewFile[],
  mode: number,
  isForced: boolean,
): Promise<void> => {
  const temporaries: string[] = [];
  const placed: string[] = [];
  try {
    for (const file of files) temporaries.push(await writeBeside(file, mode));
    for (const [index, { path }] of files.entries()) {
      await place(temporaries[index] ?? '', path, isForced);
      placed.push(path);
    }
  } catch (error) {
    if (!isForced) await Promise.all(placed.map((path) => unlink(path)));
    throw error;
  } finally {
    await Promise.all(temporaries.map((path) => unlink(path).catch(() => undefined)));
  }
};
