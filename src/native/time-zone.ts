// The local time zone by its abbreviation.
import { openAddon } from './addon.ts';

const addon = openAddon<{ zoneName(seconds: number): string }>();

/** `UTC`, `CET`, `+03`: the C library's %Z at that moment. */
export const zoneName = (moment: Date): string => addon.zoneName(Math.floor(moment.getTime() / 1000));
