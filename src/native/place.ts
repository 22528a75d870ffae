// Listening places beyond IPv4 and IPv6: sockets of virtual machines, FIFOs, and who may reach the file of a socket.
import type { FifoAddress, UnixAddress, VsockAddress } from '../model/address.ts';
import { showAddress } from '../model/address.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{
  bindVsock(fd: number, cid: number, port: number): number;
  dressSocket(path: string, uid: number, gid: number, mode: number): number;
  openFifo(path: string, uid: number, gid: number, mode: number): number;
  dressFifo(fd: number, uid: number, gid: number, mode: number): number;
  setPipeSize(fd: number, bytes: number): number;
  pipeSize(fd: number): number;
  getOptionText(fd: number, name: string): number | string;
}>();

export const bindVsock = (descriptor: Descriptor, address: VsockAddress): void => {
  demand(`bind ${showAddress(address)}`, addon.bindVsock(descriptor, address.cid ?? -1, address.port));
};

/** Gives a socket's file its owner and then its mode; a symbolic link is not followed. */
export const dressSocketFile = ({ path, ownerId, groupId, mode }: UnixAddress): void => {
  demand(`set the owner and mode of ${path}`, addon.dressSocket(path, ownerId ?? -1, groupId ?? -1, mode));
};

/**
 * A FIFO, open for both directions and non-blocking; made where there is none. One that exists must have this mode, and
 * be ours or this owner's: EEXIST.
 */
export const openFifo = ({ path, ownerId, groupId, mode }: FifoAddress): Descriptor =>
  descriptorOf(demand(`open ${path}`, addon.openFifo(path, ownerId ?? -1, groupId ?? -1, mode)));

export const dressFifo = (descriptor: Descriptor, { path, ownerId, groupId, mode }: FifoAddress): void => {
  demand(
    `set the owner and mode of ${path}`,
    addon.dressFifo(descriptor, ownerId ?? -1, groupId ?? -1, mode),
  );
};

export const setPipeSize = (descriptor: Descriptor, bytes: number): void => {
  demand(`set the size of a pipe to ${bytes}`, addon.setPipeSize(descriptor, bytes));
};
export const pipeSizeOf = (descriptor: Descriptor): number =>
  demand('read the size of a pipe', addon.pipeSize(descriptor));

/** The value of an option that is a name, as TCP_CONGESTION. */
export const optionText = (descriptor: Descriptor, name: string): string => {
  const found = addon.getOptionText(descriptor, name);
  return typeof found === 'string' ? found : String(demand(`read ${name}`, found));
};
