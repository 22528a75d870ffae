// What a version of acceptd finds in its environment when it is to take the place of another: the state of that one.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { descriptorOf } from '../model/descriptor.ts';
import { isSealed } from '../native/exec.ts';
import { adoptDescriptor } from '../native/inheritance.ts';
import { type SavedServer, unpackState } from '../runtime/handover/format.ts';
import { anewName, checkName, stateName } from './upgrade-names.ts';

export type HandedOver = {
  readonly isTrial: boolean;
  /** A text says why it cannot be used. */
  readonly state: SavedServer | string;
};

type Environment = Record<string, string | undefined>;

/** From its beginning, wherever others have read to. */
const readWhole = (descriptor: number): Uint8Array => {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  for (let at = 0; at < bytes.length; ) {
    const length = readSync(descriptor, bytes, at, bytes.length - at, at);
    if (length === 0) break;
    at += length;
  }
  return bytes;
};

const readState = (text: string): SavedServer | string => {
  const descriptor = descriptorOf(/^[0-9]{1,9}$/.test(text) ? Number(text) : -1);
  if (!adoptDescriptor(descriptor)) return `descriptor ${text} is not open`;
  // what anybody can still write to is nobody's word
  if (!isSealed(descriptor)) return `descriptor ${text} is no sealed file in memory`;
  try {
    return unpackState(readWhole(descriptor));
  } finally {
    closeSync(descriptor);
  }
};

/** Whether another version is to be followed; to be asked before anything else is done. */
export const isFollowing = (environment: Environment): boolean =>
  [checkName, stateName, anewName].some((name) => environment[name] !== undefined);

/** Taken out at once: no handler may find it. */
export const takeHandedOver = (environment: Environment): HandedOver | undefined => {
  const trial = environment[checkName];
  const text = trial ?? environment[stateName];
  delete environment[checkName];
  delete environment[stateName];
  return text === undefined ? undefined : { isTrial: trial !== undefined, state: readState(text) };
};
