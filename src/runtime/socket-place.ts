// What a listener has in the file system: its directory, its file, further names of it.
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FifoAddress, ListenAddress, UnixAddress } from '../model/address.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel } from '../native/kernel.ts';
import { dressSocketFile } from '../native/place.ts';

/** An abstract name is no file and leaves nothing behind. */
export const isFile = (address: ListenAddress): address is UnixAddress | FifoAddress =>
  address.kind === 'fifo' || (address.kind === 'unix' && !address.path.startsWith('@'));

/** Node's own errors of the file system, in the form of ours. */
export const asSystemError = (error: unknown, what: string): unknown =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? new SystemError(what, error.code, error.message)
    : error;

/**
 * A socket that nobody serves any more may be removed; a live server's, or anything that is not a socket, never.
 */
const clearPath = (kernel: Kernel, address: UnixAddress): void => {
  const found = lstatSync(address.path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const what = `bind ${address.path}`;
  if (!found.isSocket()) throw new SystemError(what, 'EEXIST', 'something that is not a socket is there');
  if (kernel.isUnixServed(address)) throw new SystemError(what, 'EADDRINUSE', 'another server listens there');
  unlinkSync(address.path);
};

const makeParents = (path: string, mode: number): void => {
  mkdirSync(dirname(path), { recursive: true, mode });
};

/** To be called before the file is made. */
export const preparePlace = (kernel: Kernel, address: ListenAddress, directoryMode: number): void => {
  if (!isFile(address)) return;
  makeParents(address.path, directoryMode);
  if (address.kind === 'unix') clearPath(kernel, address);
};

/**
 * From the bind on nobody can reach the socket, until it has its owner, then its mode. The name is the final one from
 * the beginning: servers compare it with what they are configured for.
 */
export const dressPlace = (address: UnixAddress): void => {
  if (!isFile(address)) return;
  try {
    dressSocketFile(address);
  } catch (error) {
    unlinkSync(address.path);
    throw error;
  }
};

const isLinkTo = (link: string, path: string): boolean =>
  lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(link) === path;

/** Further names of a path; one that cannot be is told and nothing else. */
export const makeSymlinks = (
  address: ListenAddress,
  links: readonly string[],
  directoryMode: number,
  onDenied: (error: SystemError) => void,
): void => {
  if (!isFile(address)) return;
  for (const link of links) {
    try {
      if (isLinkTo(link, address.path)) continue;
      makeParents(link, directoryMode);
      symlinkSync(address.path, link);
    } catch (error) {
      const ours = asSystemError(error, `make the link ${link}`);
      if (!(ours instanceof SystemError)) throw ours;
      onDenied(ours);
    }
  }
};

/** Removes what makeSymlinks() made. Throws SystemError. */
export const removeSymlinks = (address: ListenAddress, links: readonly string[]): void => {
  if (!isFile(address)) return;
  for (const link of links) {
    try {
      if (isLinkTo(link, address.path)) unlinkSync(link);
    } catch (error) {
      throw asSystemError(error, `remove ${link}`);
    }
  }
};

/** Removes the file of a listener, unless somebody has put another in its place meanwhile. Throws SystemError. */
export const removeSocketFile = (address: ListenAddress, inode: number | undefined): void => {
  if (!isFile(address)) return;
  try {
    const found = lstatSync(address.path, { throwIfNoEntry: false });
    const isOfKind = address.kind === 'fifo' ? found?.isFIFO() : found?.isSocket();
    if (isOfKind && found?.ino === inode) unlinkSync(address.path);
  } catch (error) {
    throw asSystemError(error, `remove ${address.path}`);
  }
};

/** Identifies the file that a bind made. */
export const socketFileInode = (address: ListenAddress): number | undefined =>
  isFile(address) ? lstatSync(address.path, { throwIfNoEntry: false })?.ino : undefined;
