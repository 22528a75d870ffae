// Unix sockets of daemons that unlink the file at their end, as PHP-FPM does: a hard link keeps the file's inode, and with it the socket's queue.
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ListenAddress, UnixAddress } from '../model/address.ts';
import type { Failure } from '../model/event.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';
import { asSystemError, isFile } from './socket-place.ts';

/** A socket's file and the second name of it. */
export type KeptFile = { readonly address: UnixAddress; readonly inode: number; readonly spare: string };

/**
 * `intact`: nothing was wrong; `healed`: the file was gone or another's, and is back; `taken`: another socket that
 * somebody serves is in its place; `lost`: the file cannot be put back, so the socket has to be bound anew.
 */
export type Healing =
  | { readonly kind: 'intact' | 'healed' | 'taken' }
  | { readonly kind: 'lost'; readonly failure: Failure };

/** One name for each path, so that one that was left behind by a crash is found again. */
const spareOf = (path: string): string => join(dirname(path), `.${basename(path)}.acceptd`);

const inodeAt = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino;

const removeIfThere = (path: string): void => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
};

const failureOf = (error: unknown, what: string): Failure => {
  const ours = asSystemError(error, what);
  if (!(ours instanceof SystemError)) throw ours;
  return { code: ours.code, what: ours.message };
};

/**
 * To be called before a daemon gets the socket. undefined: there is no file, or another's. A directory that we may not
 * write to, or a file system without hard links, is a failure: healing means a new socket then.
 */
export const keepSocketFile = (
  address: ListenAddress,
  inode: number | undefined,
): KeptFile | Failure | undefined => {
  if (!isFile(address) || address.kind === 'fifo' || inode === undefined) return undefined;
  const spare = spareOf(address.path);
  try {
    if (inodeAt(address.path) !== inode) return undefined;
    if (inodeAt(spare) === inode) return { address, inode, spare };
    removeIfThere(spare);
    linkSync(address.path, spare);
    return { address, inode, spare };
  } catch (error) {
    return failureOf(error, `keep a second name of ${address.path}`);
  }
};

export const isKept = (kept: KeptFile | Failure | undefined): kept is KeptFile =>
  kept !== undefined && 'spare' in kept;

/** To be called when a daemon has ended, or when its socket's directory has changed. Who waits in the queue stays there. */
export const healSocketFile = (kernel: Kernel, { address, inode, spare }: KeptFile): Healing => {
  const { path } = address;
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.ino === inode) return { kind: 'intact' };
    if (inodeAt(spare) !== inode) {
      const failure = {
        code: 'ENOENT',
        what: `cannot put ${path} back: its second name ${spare} is gone too`,
      };
      return { kind: 'lost', failure };
    }
    if (there === undefined) {
      linkSync(spare, path);
      return { kind: 'healed' };
    }
    if (!there.isSocket() || kernel.isUnixServed(address)) return { kind: 'taken' };
    // what the daemon has bound itself and left: exchanged at once, so that nobody finds nothing there
    renameSync(spare, path);
    linkSync(path, spare);
    return { kind: 'healed' };
  } catch (error) {
    return { kind: 'lost', failure: failureOf(error, `put ${path} back`) };
  }
};

/** At the listener's end, or before its path is bound anew. Throws SystemError. */
export const dropSpare = (address: ListenAddress): void => {
  if (!isFile(address) || address.kind === 'fifo') return;
  const spare = spareOf(address.path);
  try {
    removeIfThere(spare);
  } catch (error) {
    throw asSystemError(error, `remove ${spare}`);
  }
};
