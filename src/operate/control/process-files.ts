// What /proc says of processes: read in the background, a few at a time, and never of thousands.
import { readdir, readFile } from 'node:fs/promises';

/** Processes of which one answer reads something. */
export const mostProcesses = 256;
const atOnce = 8;

/** undefined: it has ended, or is not ours to see. */
const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** USER_HZ: what proc(5) counts time in, whatever the kernel's own rate. */
const ticksInSecond = 100;

const auxiliaryPageSize = 6n;

const readPageSize = async (): Promise<number> => {
  const vector = await readFile('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === auxiliaryPageSize) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
};

let pageSize: Promise<number> | undefined;
/** Asked for once; getauxval(3). */
const pageBytes = (): Promise<number> => {
  pageSize ??= readPageSize();
  return pageSize;
};

/** Resident memory in bytes. */
export const readMemory = async (pid: number): Promise<number | undefined> => {
  const [, resident] = (await readText(`/proc/${pid}/statm`))?.split(' ') ?? [];
  return resident === undefined ? undefined : Number(resident) * (await pageBytes());
};

/** User and system time with that of children that it has waited for, in seconds. */
export const readProcessorTime = async (pid: number): Promise<number | undefined> => {
  const text = await readText(`/proc/${pid}/stat`);
  // the name stands in brackets and may hold any character; behind it the third field follows
  const fields = text
    ?.slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return fields?.length === 4
    ? fields.reduce((sum, field) => sum + Number(field), 0) / ticksInSecond
    : undefined;
};

/** Reads something of each of the first processes. */
export const readEach = async <Found>(
  pids: readonly number[],
  read: (pid: number) => Promise<Found | undefined>,
): Promise<ReadonlyMap<number, Found>> => {
  const found = new Map<number, Found>();
  const waiting = pids.slice(0, mostProcesses);
  const work = async (): Promise<void> => {
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const value = await read(pid);
      if (value !== undefined) found.set(pid, value);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
};

/** Memory that goes back to the system when we end; null where the kernel does not tell. */
export const readOwnPrivateMemory = async (): Promise<number | null> => {
  const text = await readText('/proc/self/smaps_rollup');
  const sizes = [...(text ?? '').matchAll(/^Private_(?:Clean|Dirty): +([0-9]+) kB$/gm)];
  return sizes.length === 0 ? null : sizes.reduce((sum, [, size]) => sum + Number(size) * 1024, 0);
};

/** Without the one that reads the list. */
export const countOwnDescriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length - 1;
