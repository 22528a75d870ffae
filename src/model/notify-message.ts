// What a daemon tells on its notify socket (sd_notify(3)): lines of a datagram as typed fields.
import type { NotifyAccess } from './daemon.ts';
import { type Milliseconds, milliseconds } from './quantity.ts';

/**
 * The descriptors of a message are kept for the daemon's next start (FDSTORE=1), or those of a name are given up. Without
 * a name (or with one that cannot stand in LISTEN_FDNAMES) it is undefined: `stored` for an addition, nothing to remove.
 */
export type StoreWish =
  | { readonly kind: 'add'; readonly name: string | undefined; readonly isPolled: boolean }
  | { readonly kind: 'remove'; readonly name: string | undefined };

/**
 * Everything a message may say; absent: not said. Texts are the daemon's own and may have any character.
 * A barrier stands alone: what else such a message says counts for nothing.
 */
export type NotifyMessage = {
  /** `stopping` wins over `ready`, and that over `reloading`. */
  readonly state: 'ready' | 'reloading' | 'stopping' | undefined;
  /** MONOTONIC_USEC= of a reload: CLOCK_MONOTONIC, in microseconds. */
  readonly reloadedAt: bigint | undefined;
  readonly status: string | undefined;
  readonly errno: number | undefined;
  readonly busError: string | undefined;
  readonly varlinkError: string | undefined;
  readonly exitStatus: number | undefined;
  readonly mainPid: number | undefined;
  /** MAINPIDFDID=: the inode of the pidfd of the main process. */
  readonly mainPidInode: bigint | undefined;
  /** MAINPIDFD=1: the one descriptor of the message means the main process. */
  readonly hasMainDescriptor: boolean;
  readonly access: NotifyAccess | undefined;
  /** `trigger`: the daemon asks to be treated as one that hangs. */
  readonly watchdog: 'alive' | 'trigger' | undefined;
  /** A new watchdog time; 0 for none. */
  readonly watchdogTime: Milliseconds | undefined;
  /** More time for the start, the reload or the stop, from now on. */
  readonly extension: Milliseconds | undefined;
  readonly store: StoreWish | undefined;
  readonly isBarrier: boolean;
  /** Failed starts before this are forgotten. */
  readonly resetsRestarts: boolean;
  /** Known keys whose value means nothing; they are left out above. */
  readonly faults: readonly string[];
};

const longestName = 255;

/** What can stand in LISTEN_FDNAMES: no control character, nothing beyond ASCII, no colon; the empty name too. */
export const isDescriptorName = (name: string): boolean =>
  name.length <= longestName && /^[\x20-\x39\x3b-\x7e]*$/.test(name);

const longestTime = 2n ** 53n - 1n;
const greatestWord = 2n ** 64n - 1n;

const wordOf = (text: string): bigint | undefined => {
  if (!/^[0-9]{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= greatestWord ? value : undefined;
};

const numberWithin = (text: string, least: number, greatest: number): number | undefined => {
  const value = wordOf(text);
  return value === undefined || value < BigInt(least) || value > BigInt(greatest) ? undefined : Number(value);
};

/** Microseconds; the greatest number is systemd's way to say for ever, and we count as far as a number goes. */
const timeOf = (text: string): Milliseconds | undefined => {
  const value = wordOf(text);
  if (value === undefined) return undefined;
  return milliseconds(Number(value < longestTime ? value : longestTime) / 1000);
};

const accessWords: ReadonlyMap<string, NotifyAccess> = new Map([
  ['none', 'none'],
  ['main', 'main'],
  ['exec', 'exec'],
  ['all', 'all'],
]);

/** The values by key. The first of two counts, but each of READY=1 and RELOADING=1 is heard. */
const linesOf = (text: string) => {
  const lines = text.split('\n').filter((line) => line !== '');
  const values = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    const key = line.slice(0, at);
    if (at > 0 && !values.has(key)) values.set(key, line.slice(at + 1));
  }
  const told = new Set(lines);
  return { values, has: (line: string): boolean => told.has(line) };
};

const silence: NotifyMessage = {
  state: undefined,
  reloadedAt: undefined,
  status: undefined,
  errno: undefined,
  busError: undefined,
  varlinkError: undefined,
  exitStatus: undefined,
  mainPid: undefined,
  mainPidInode: undefined,
  hasMainDescriptor: false,
  access: undefined,
  watchdog: undefined,
  watchdogTime: undefined,
  extension: undefined,
  store: undefined,
  isBarrier: false,
  resetsRestarts: false,
  faults: [],
};

const stateOf = (has: (line: string) => boolean): NotifyMessage['state'] => {
  if (has('STOPPING=1')) return 'stopping';
  if (has('READY=1')) return 'ready';
  return has('RELOADING=1') ? 'reloading' : undefined;
};

const watchdogOf = (has: (line: string) => boolean): NotifyMessage['watchdog'] => {
  if (has('WATCHDOG=trigger')) return 'trigger';
  return has('WATCHDOG=1') ? 'alive' : undefined;
};

/** Any text: unknown keys and lines without `=` are passed over, as sd_notify(3) has it. */
export const parseNotify = (text: string): NotifyMessage => {
  const { values, has } = linesOf(text);
  if (has('BARRIER=1')) return { ...silence, isBarrier: true };
  const faults: string[] = [];
  const read = <Value>(key: string, meaning: (text: string) => Value | undefined): Value | undefined => {
    const value = values.get(key);
    const meant = value === undefined ? undefined : meaning(value);
    if (value !== undefined && meant === undefined) faults.push(key);
    return meant;
  };
  const isAdded = has('FDSTORE=1');
  const isRemoved = has('FDSTOREREMOVE=1');
  const name = isAdded || isRemoved ? read('FDNAME', nameOf) : undefined;
  const store: StoreWish | undefined = isRemoved
    ? { kind: 'remove', name }
    : isAdded
      ? { kind: 'add', name, isPolled: !has('FDPOLL=0') }
      : undefined;
  return {
    state: stateOf(has),
    reloadedAt: read('MONOTONIC_USEC', wordOf),
    status: values.get('STATUS'),
    errno: read('ERRNO', (value) => numberWithin(value, 0, 4095)),
    busError: values.get('BUSERROR'),
    varlinkError: values.get('VARLINKERROR'),
    exitStatus: read('EXIT_STATUS', (value) => numberWithin(value, 0, 255)),
    mainPid: read('MAINPID', (value) => numberWithin(value, 1, 2 ** 31 - 1)),
    mainPidInode: read('MAINPIDFDID', wordOf),
    hasMainDescriptor: has('MAINPIDFD=1'),
    access: read('NOTIFYACCESS', (value) => accessWords.get(value)),
    watchdog: watchdogOf(has),
    watchdogTime: read('WATCHDOG_USEC', timeOf),
    extension: read('EXTEND_TIMEOUT_USEC', timeOf),
    store,
    isBarrier: false,
    resetsRestarts: has('RESTART_RESET=1'),
    faults,
  };
};

const nameOf = (text: string): string | undefined => (isDescriptorName(text) ? text : undefined);
