// Whether a unix path in somebody's words is one of ours.
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';

/** As its process sees it, which may have another root or working directory (proc(5)). */
const directoryOf = (thread: number, path: string): string =>
  `/proc/${thread}/${path.startsWith('/') ? 'root' : 'cwd'}/${posix.dirname(path)}`;

/**
 * A directory has many names (/var/run and /run), so it is looked at. The file itself may be gone: servers remove it
 * before they bind.
 */
export const isSamePath = async (thread: number, theirs: string, ours: string): Promise<boolean> => {
  if (theirs.startsWith('@') || ours.startsWith('@')) return theirs === ours;
  if (posix.basename(theirs) !== posix.basename(ours)) return false;
  try {
    const [one, other] = await Promise.all([stat(directoryOf(thread, theirs)), stat(posix.dirname(ours))]);
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    // it has ended, or there is no such directory, which the kernel will tell it
    return false;
  }
};
