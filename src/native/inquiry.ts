// A question to another process of ours: a memory file in which it answers, and a signal that reaches it or nobody.
import { constants } from 'node:os';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{
  openMemoryFile(name: string): number;
  holdProcess(pid: number): number;
  signalHeld(fd: number, signal: number): number;
}>();

/** A file in memory and in no directory; /proc/PID/fd shows it as `/memfd:NAME (deleted)` to who may look there. */
export const openMemoryFile = (name: string): Descriptor =>
  descriptorOf(demand('open a file in memory', addon.openMemoryFile(name)));

/** Means this process and never the next one with its number; throws ESRCH when there is none. */
export const holdProcess = (pid: number): Descriptor =>
  descriptorOf(demand(`find process ${pid}`, addon.holdProcess(pid)));

/** Throws ESRCH when the process has ended, EPERM when it is somebody else's. */
export const signalHeld = (held: Descriptor, signal: NodeJS.Signals): void => {
  demand('send a signal', addon.signalHeld(held, constants.signals[signal]));
};
