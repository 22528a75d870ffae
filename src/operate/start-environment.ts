// What whoever started acceptd says in the environment: sockets that are handed over, where news are wanted. Read once, and taken out.
import { descriptorOf } from '../model/descriptor.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { adoptDescriptor, ownProcessInode } from '../native/inheritance.ts';
import type { Inherited } from '../runtime/inheritance.ts';

type Environment = Record<string, string | undefined>;

/** A service manager that wants to hear of us, as sd_notify(3) and sd_watchdog_enabled(3) have it. */
export type ManagerWishes = {
  /** A path, or `@name`. */
  readonly address: string;
  /** WATCHDOG=1 must come at least so often. */
  readonly watchdog: Milliseconds | undefined;
  /** How many descriptors it keeps for us while we do not run. */
  readonly storeLimit: number;
  /** A guard, which ends with us: what it keeps is for the one who takes our place when we fail. */
  readonly isGuard: boolean;
};

/** Why the guard has started another acceptd. */
export type Restart = {
  /** The first one is 1. */
  readonly count: number;
  /** `signal 9`, `status 70` or `watchdog`. */
  readonly how: string;
  /** Handlers of acceptds before this one that go on; undefined where nobody can tell. */
  readonly orphans: number | undefined;
};

export type StartEnvironment = {
  readonly inherited: readonly Inherited[];
  readonly manager: ManagerWishes | undefined;
  readonly restart: Restart | undefined;
};

const firstDescriptor = 3;
const listenNames = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;
const managerNames = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'FDSTORE'] as const;
const restartName = 'ACCEPTD_RESTARTED';
/** native/guard/notify.cc chooses the rest. */
const guardAddress = '@acceptd-guard.';

/** Digits, and nothing else. */
const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;

const isForUs = (environment: Environment): boolean => {
  const inode = environment['LISTEN_PIDFDID'];
  if (numberOf(environment['LISTEN_PID']) !== process.pid) return false;
  if (inode === undefined) return true;
  const own = ownProcessInode();
  return /^[0-9]+$/.test(inode) && (own === undefined || own === inode);
};

/** How many sockets the environment promises to this process; descriptors from 3 on. */
export const countInherited = (environment: Environment): number =>
  isForUs(environment) ? (numberOf(environment['LISTEN_FDS']) ?? 0) : 0;

/** With another number of names than descriptors there are no names (sd_listen_fds_with_names(3) gives an error). */
const namesOf = ({ LISTEN_FDNAMES: text }: Environment, count: number): readonly string[] => {
  const names = text?.split(':') ?? [];
  return names.length === count ? names : [];
};

const takeInherited = (environment: Environment): readonly Inherited[] => {
  const count = countInherited(environment);
  const names = namesOf(environment, count);
  const inherited: Inherited[] = [];
  for (let index = 0; index < count; index++) {
    const descriptor = descriptorOf(firstDescriptor + index);
    // fewer are open than promised
    if (!adoptDescriptor(descriptor)) break;
    inherited.push({ descriptor, name: names[index] ?? 'unknown' });
  }
  return inherited;
};

const watchdogOf = (environment: Environment): Milliseconds | undefined => {
  const micro = numberOf(environment['WATCHDOG_USEC']);
  const pid = environment['WATCHDOG_PID'];
  const isOurs = pid === undefined || numberOf(pid) === process.pid;
  return micro !== undefined && micro > 0 && isOurs ? milliseconds(micro / 1000) : undefined;
};

const readManager = (environment: Environment): ManagerWishes | undefined => {
  const address = environment['NOTIFY_SOCKET'];
  if (address === undefined || !/^[/@]./.test(address)) return undefined;
  return {
    address,
    watchdog: watchdogOf(environment),
    storeLimit: numberOf(environment['FDSTORE']) ?? 0,
    isGuard: address.startsWith(guardAddress),
  };
};

const readRestart = ({ [restartName]: text }: Environment): Restart | undefined => {
  const [, count, how, orphans] = /^([0-9]{1,15}):([a-z0-9 ]+):(-1|[0-9]{1,15})$/.exec(text ?? '') ?? [];
  if (count === undefined || how === undefined) return undefined;
  return { count: Number(count), how, orphans: numberOf(orphans) };
};

/** The same wishes for one of us who starts anew in this process. */
export const managerEnvironment = (wishes: ManagerWishes | undefined): Readonly<Record<string, string>> =>
  wishes === undefined
    ? {}
    : {
        NOTIFY_SOCKET: wishes.address,
        FDSTORE: String(wishes.storeLimit),
        ...(wishes.watchdog === undefined ? {} : { WATCHDOG_USEC: String(wishes.watchdog * 1000) }),
      };

export const showRestart = ({ count, how, orphans }: Restart): string =>
  [
    `started again by the guard, ${count === 1 ? 'for the first time' : `${count} times by now`}: the acceptd before this one ended (${how})`,
    orphans === undefined || orphans === 0
      ? 'what it knew of its handlers is lost'
      : `${orphans === 1 ? '1 of its handlers goes' : `${orphans} of its handlers go`} on, and nobody will tell their ends`,
  ].join('; ');

/** To be called before anything else is started: nobody of ours finds these words. */
export const takeStartEnvironment = (
  environment: Environment,
  /** What the version before us was told. */
  known?: ManagerWishes,
): StartEnvironment => {
  const found = {
    inherited: takeInherited(environment),
    manager: known ?? readManager(environment),
    restart: readRestart(environment),
  };
  for (const name of [...listenNames, ...managerNames, restartName]) delete environment[name];
  return found;
};

/** The same sockets for a process that takes our place, which has another pid. */
export const leaveTo = (environment: Environment, count: number): Environment => {
  const { LISTEN_PID: _, LISTEN_PIDFDID: __, LISTEN_FDS: ___, ...others } = environment;
  return count === 0 ? others : { ...others, LISTEN_FDS: String(count) };
};
