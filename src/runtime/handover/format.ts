// The state of a server as bytes, and back; whoever reads it may be another version of acceptd.
import { deserialize, serialize } from 'node:v8';
import { type SavedRuntime, stateVersion } from './saved.ts';

/** What is saved of one server: what runs, and by name what belongs to its other parts. */
export type SavedServer = {
  readonly runtime: SavedRuntime;
  readonly parts: Readonly<Record<string, unknown>>;
  /** Descriptors that other parts keep. */
  readonly kept: Readonly<Record<string, number>>;
};

const title = 'acceptd state ';
const newline = 10;

export const packState = (state: SavedServer): Uint8Array =>
  Buffer.concat([Buffer.from(`${title}${stateVersion}\n`), serialize(state)]);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const lists = [
  'services',
  'listeners',
  'instances',
  'clients',
  'builtins',
  'endingLogs',
  'sensors',
  'others',
];

const isService = (value: unknown): boolean =>
  isObject(value) && isObject(value['service']) && isObject(value['usage']) && isObject(value['directories']);

const isSaved = (value: unknown): value is SavedServer => {
  if (!isObject(value) || !isObject(value['parts']) || !isObject(value['kept'])) return false;
  const { runtime } = value;
  if (!isObject(runtime) || !lists.every((name) => Array.isArray(runtime[name]))) return false;
  const { services } = runtime;
  return Array.isArray(services) && services.every(isService);
};

/** The state, or why it cannot be used. */
export const unpackState = (bytes: Uint8Array): SavedServer | string => {
  const end = bytes.indexOf(newline);
  const head = Buffer.from(bytes.subarray(0, Math.max(end, 0))).toString('latin1');
  if (!head.startsWith(title)) return 'it is no state of acceptd';
  const version = head.slice(title.length);
  if (version !== String(stateVersion))
    return `it has version ${version} of the state and this acceptd knows version ${stateVersion}: stop it and start it anew`;
  try {
    const state: unknown = deserialize(bytes.subarray(end + 1));
    return isSaved(state) ? state : 'parts of it are missing';
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
};
