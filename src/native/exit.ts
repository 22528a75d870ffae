// The end of the process, whatever its threads still wait for.
import { openAddon } from './addon.ts';

const addon = openAddon<{ exitNow(status: number): never }>();

/** At once: nothing is written any more, and nobody is told. */
export const exitNow = (status: number): never => addon.exitNow(status);
