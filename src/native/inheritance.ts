// Descriptors that were open before our first instruction, and who we are to those who handed them over.
import type { Descriptor } from '../model/descriptor.ts';
import { openAddon } from './addon.ts';

const addon = openAddon<{
  adoptDescriptor(fd: number): number;
  fileOf(fd: number): number | readonly [device: string, inode: string, type: number];
  ownProcessInode(): number | string;
}>();

/** From here on no handler gets it by accident; false where nothing is open there. */
export const adoptDescriptor = (descriptor: Descriptor): boolean => addon.adoptDescriptor(descriptor) >= 0;

/** Identifies an open file; undefined where nothing is open. */
export const fileOf = (
  descriptor: Descriptor,
): { readonly identity: string; readonly isFifo: boolean } | undefined => {
  const found = addon.fileOf(descriptor);
  if (typeof found === 'number') return undefined;
  const [device, inode, type] = found;
  return { identity: `${device}:${inode}`, isFifo: type === 0o010000 };
};

/** The inode of our pidfd, with which LISTEN_PIDFDID is compared; undefined where the kernel has no such numbers. */
export const ownProcessInode = (): string | undefined => {
  const found = addon.ownProcessInode();
  return typeof found === 'string' ? found : undefined;
};
