// A file for its owner's eyes alone that takes the place of an older one as a whole.
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Whatever stands at the path, a link of somebody's included, is replaced and never written to. Rejects with the file
 * system's error.
 */
export const replaceFile = async (path: string, text: string): Promise<void> => {
  const next = `${path}.${randomBytes(6).toString('hex')}`;
  // fails where anything has this name already: O_EXCL follows no link
  const file = await open(next, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.close();
    await rename(next, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(next, { force: true });
    throw error;
  }
};
