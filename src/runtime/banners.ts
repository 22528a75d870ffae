// Texts that clients are sent as they are: read from their files beside the way of a connection, and said without waiting.
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../model/clock.ts';
import type { Failure, Observer } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { describeErrno } from '../native/addon.ts';

/** How old what is known of a file may be before it is looked at again. */
const freshness = milliseconds(1_000);
const largest = 64 * 1024 * 1024;

/** What is wrong with a file. */
type Complain = (failure: Failure) => void;

/** The device that is always empty: a service that shall not have the banner of defaults names it. */
const emptyDevice = 0x103n;

const failureOf = (path: string, error: unknown): Failure => {
  const { code, reason } =
    error instanceof Error && 'errno' in error && typeof error.errno === 'number'
      ? describeErrno(error.errno)
      : { code: 'EINVAL', reason: error instanceof Error ? error.message : String(error) };
  return { code, what: `cannot read the banner ${path}: ${reason}` };
};

type Known = {
  text: Uint8Array;
  /** Of the file when it was read; a change of either means other contents. */
  version: string;
  lookedAt: Milliseconds;
  reading: Promise<void> | undefined;
};

const nothing = new Uint8Array(0);

export type Banners = {
  /** The text now, or a promise of it where the file was never read; empty where it cannot be read. */
  readonly textOf: (path: string, complain: Complain) => Uint8Array | Promise<Uint8Array>;
  /** Forgets the files that are not among these. */
  readonly keepOnly: (paths: ReadonlySet<string>) => void;
};

export const createBanners = (clock: Clock): Banners => {
  const files = new Map<string, Known>();

  const read = async (path: string, known: Known, complain: Complain): Promise<void> => {
    try {
      const found = await stat(path, { bigint: true });
      const { mtimeNs, ino, size } = found;
      const isEmptyDevice = found.isCharacterDevice() && found.rdev === emptyDevice;
      // a pipe or a device may never end
      if (!found.isFile() && !isEmptyDevice) throw new Error('it is not a regular file');
      const version = `${ino} ${size} ${mtimeNs}`;
      if (version === known.version) return;
      if (size > largest) throw new Error(`it is larger than ${largest} bytes`);
      known.text = await readFile(path);
      known.version = version;
    } catch (error) {
      // told once, not for each client
      if (known.version !== 'none') complain(failureOf(path, error));
      known.text = nothing;
      known.version = 'none';
    }
  };

  return {
    textOf: (path, complain) => {
      const now = clock.now();
      const known = files.get(path) ?? { text: nothing, version: '', lookedAt: now, reading: undefined };
      const isNew = !files.has(path);
      files.set(path, known);
      if (known.reading === undefined && (isNew || now - known.lookedAt >= freshness)) {
        known.lookedAt = now;
        known.reading = read(path, known, complain).finally(() => {
          known.reading = undefined;
        });
      }
      // what was read once serves until the look that is under way has ended
      return known.version === '' && known.reading !== undefined
        ? known.reading.then(() => known.text)
        : known.text;
    },
    keepOnly: (paths) => {
      for (const path of files.keys()) if (!paths.has(path)) files.delete(path);
    },
  };
};

/** Tells the observers what is wrong with a service's banner; the service goes on without it. */
export const complainOf =
  (observer: Observer, service: string): Complain =>
  (failure) =>
    observer.observe({ kind: 'impaired', service, failure });
