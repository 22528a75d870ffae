// How long a log file may become: how much of what waits may be written, and what is told of it.
import type { Bytes } from '../model/quantity.ts';
import { showLost, type TellNotice } from './log-notice.ts';

export type FileLimits = {
  /** A warning is told when the file becomes as long. */
  readonly soft: Bytes | undefined;
  /** It becomes no longer. */
  readonly hard: Bytes | undefined;
};

export const newline = 10;

export const countLines = (bytes: Uint8Array): number => {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count += 1;
  return count;
};

/** The bytes of the whole lines that fit. */
const wholeLines = (bytes: Uint8Array, room: number): number => {
  if (bytes.length <= room) return bytes.length;
  return room <= 0 ? 0 : bytes.lastIndexOf(newline, room - 1) + 1;
};

/** `name` is the path as it can be shown. */
export const createLogLimits = (name: string, initial: FileLimits, tell: TellNotice) => {
  let limits = initial;
  let isAboveSoft = false;
  let isAboveHard = false;
  let discarded = 0;
  let discardedInAll = 0;
  /** The size that was last looked at, and the one at which nothing more was written. */
  let size = 0;
  let endedAt = Number.POSITIVE_INFINITY;
  return {
    set: (wanted: FileLimits): void => {
      if (wanted.hard !== limits.hard) endedAt = Number.POSITIVE_INFINITY;
      limits = wanted;
    },

    /** How many of these bytes may be written to a file of this size. */
    roomFor: (bytes: Uint8Array, found: number): number => {
      if (limits.hard === undefined) return bytes.length;
      size = found;
      // a line that is shorter than the last one might fit
      return size >= endedAt ? 0 : wholeLines(bytes, limits.hard - size);
    },

    /** Bytes that are not written. */
    discard: (bytes: Uint8Array): void => {
      const count = countLines(bytes);
      discarded += count;
      discardedInAll += count;
      if (isAboveHard) return;
      isAboveHard = true;
      endedAt = size;
      const text = `hard limit exceeded on '${name}': nothing more is written until it is rotated`;
      tell({ severity: 'error', kind: 'log-hard-limit', log: name, lost: 0, text });
    },

    /** Lines that were not written from the start on. */
    discarded: (): number => discardedInAll,

    /** The file's size after a write. */
    noteSize: (now: number): void => {
      if (isAboveHard) {
        isAboveHard = false;
        endedAt = Number.POSITIVE_INFINITY;
        const lost = discarded;
        discarded = 0;
        const text = `'${name}' is below its hard limit again; ${showLost(lost)}`;
        tell({ severity: 'warning', kind: 'log-below-limit', log: name, lost, text });
      }
      const wasAboveSoft = isAboveSoft;
      isAboveSoft = limits.soft !== undefined && now >= limits.soft;
      if (!isAboveSoft || wasAboveSoft) return;
      const text = `soft limit exceeded on '${name}': it has ${now} bytes`;
      tell({ severity: 'warning', kind: 'log-soft-limit', log: name, lost: 0, text });
    },
  };
};
