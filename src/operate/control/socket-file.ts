// The control socket's file: made for its owner alone, or readable for one group too; a live server's is left alone.
import type { UnixAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Kernel } from '../../native/kernel.ts';
import {
  asSystemError,
  dressPlace,
  preparePlace,
  removeSocketFile,
  socketFileInode,
} from '../../runtime/socket-place.ts';

export type ControlSocket = {
  readonly descriptor: Descriptor;
  /** Removes the file, where it is still ours. */
  readonly removeFile: () => void;
};

const backlog = 64;
const directoryMode = 0o755;
const ownerMode = 0o600;
const groupMode = 0o660;

const remove = (address: UnixAddress, inode: number | undefined): void => {
  try {
    removeSocketFile(address, inode);
  } catch {
    // its directory has gone, or is no longer ours to change
  }
};

const bindAndListen = (kernel: Kernel, descriptor: Descriptor, address: UnixAddress): void => {
  // nobody else can reach it before it has its group
  kernel.bindUnix(descriptor, { ...address, mode: ownerMode });
  const inode = socketFileInode(address);
  try {
    if (address.groupId !== undefined) dressPlace(address);
    kernel.listen(descriptor, backlog);
    kernel.setBlocking(descriptor, false);
  } catch (error) {
    remove(address, inode);
    throw error;
  }
};

const addressOf = (path: string, group: number | undefined): UnixAddress => ({
  kind: 'unix',
  path,
  socketType: 'stream',
  mode: group === undefined ? ownerMode : groupMode,
  ownerId: undefined,
  groupId: group,
});

/** One that listens since before an upgrade; its file is what is there. */
export const takeControlSocket = (descriptor: Descriptor, path: string): ControlSocket => {
  const address = addressOf(path, undefined);
  const inode = socketFileInode(address);
  return { descriptor, removeFile: () => remove(address, inode) };
};

/** Throws SystemError; nothing is left behind then. `group` may connect too. */
export const openControlSocket = (kernel: Kernel, path: string, group: number | undefined): ControlSocket => {
  const address = addressOf(path, group);
  try {
    preparePlace(kernel, address, directoryMode);
    const descriptor = kernel.openSocket('unix', 'stream');
    try {
      bindAndListen(kernel, descriptor, address);
      const inode = socketFileInode(address);
      return { descriptor: kernel.raise(descriptor), removeFile: () => remove(address, inode) };
    } catch (error) {
      kernel.close(descriptor);
      throw error;
    }
  } catch (error) {
    throw asSystemError(error, `open the control socket ${path}`);
  }
};
