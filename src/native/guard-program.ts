// Where the guard is (native/guard), which is a program beside the addon.
import { openAddon } from './addon.ts';

/** A path; nobody has looked whether it is there. */
export const { guardProgram } = openAddon<{ readonly guardProgram: string }>();
