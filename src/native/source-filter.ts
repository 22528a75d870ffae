// Who gets through to a socket at all, as a program that the kernel asks about each packet.
import type { Descriptor } from '../model/descriptor.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{ setSourceFilter(fd: number, program: Uint8Array | null): number }>();

/**
 * Sets the filter of a socket (admission/source-filter.ts) in place of the one it had, or takes it away; connections
 * that it accepts from then on inherit it. Throws SystemError; the socket is as it was then.
 */
export const setSourceFilter = (descriptor: Descriptor, program: Uint8Array | undefined): void => {
  demand('filter a socket', addon.setSourceFilter(descriptor, program ?? null));
};
