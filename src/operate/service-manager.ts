// What acceptd tells the service manager that started it, and what it leaves there for its next start.
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import type { Inherited, ListenerStore } from '../runtime/inheritance.ts';
import { isStoredName } from '../runtime/stored-name.ts';
import type { ManagerWishes } from './start-environment.ts';

/** What one wants to know at a glance. */
export type Counts = {
  readonly services: number;
  readonly listening: number;
  readonly failed: number;
  readonly live: number;
};

export type ServiceManager = {
  readonly store: ListenerStore | undefined;
  /** Names under which something is kept there. */
  readonly stored: () => readonly string[];
  /** Everything listens that can. */
  readonly enterReady: (counts: () => Counts) => void;
  readonly enterReloading: () => void;
  readonly leaveReloading: () => void;
  /** The end has begun; it may take so long. */
  readonly enterStopping: (longest: Milliseconds) => void;
  /** Nothing is told any more. */
  readonly end: () => void;
};

export type Send = (text: string, descriptors: readonly Descriptor[]) => void;

type Message = { readonly text: string; readonly descriptors: readonly Descriptor[]; readonly name: string };

/** Between two looks whether the numbers have changed. */
const statusPause = seconds(30);
/** Before a full queue is tried again. */
const sendPause = milliseconds(20);
/** What a manager that does not read can make us keep. */
const mostWaiting = 100_000;

/** sd_notify(3) compares it with its own clock. */
const monotonicMicroseconds = (): bigint => process.hrtime.bigint() / 1000n;

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export const showCounts = ({ services, listening, failed, live }: Counts): string =>
  [
    `${plural(services, 'service')}, ${plural(listening, 'listener')}`,
    ...(failed === 0 ? [] : [`${failed} cannot be opened`]),
    `${plural(live, 'instance')}`,
  ].join(', ');

/** Messages in their order, none of them waited for; what the manager cannot take now waits here. */
const createPost = (send: Send, clock: Clock, onFailed: (error: SystemError) => void) => {
  let waiting: Message[] = [];
  let cancel: (() => void) | undefined;

  /** False: its queue is full. */
  const trySend = ({ text, descriptors }: Message): boolean => {
    try {
      send(text, descriptors);
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.code === 'EAGAIN') return false;
      onFailed(error);
      return true;
    }
  };

  const flush = (): void => {
    cancel = undefined;
    const sent = waiting.findIndex((message) => !trySend(message));
    waiting = sent === -1 ? [] : waiting.slice(sent);
    if (waiting.length > 0) cancel = clock.after(sendPause, flush);
  };

  return {
    post: (text: string, descriptors: readonly Descriptor[] = [], name = ''): void => {
      const message = { text, descriptors, name };
      if (waiting.length > 0 || !trySend(message)) {
        if (waiting.length < mostWaiting) waiting.push(message);
        cancel ??= clock.after(sendPause, flush);
      }
    },
    /** Its descriptor is about to be closed. */
    withdraw: (name: string): void => {
      waiting = waiting.filter((message) => message.name !== name);
    },
    end: (): void => {
      cancel?.();
      flush();
      cancel?.();
    },
  };
};

/** One round after the other until it is ended. */
const repeat = (clock: Clock, pause: Milliseconds, round: () => void): (() => void) => {
  let cancel: () => void;
  const wait = (): void => {
    cancel = clock.after(pause, () => {
      round();
      wait();
    });
  };
  wait();
  return () => cancel();
};

const silent: ServiceManager = {
  store: undefined,
  stored: () => [],
  enterReady: () => undefined,
  enterReloading: () => undefined,
  leaveReloading: () => undefined,
  enterStopping: () => undefined,
  end: () => undefined,
};

/** `wishes` undefined: nobody wants to hear anything. `onFailed` hears of the first message that did not arrive. */
export const openServiceManager = (
  wishes: ManagerWishes | undefined,
  inherited: readonly Pick<Inherited, 'name'>[],
  send: (address: string, text: string, descriptors: readonly Descriptor[]) => void,
  clock: Clock,
  onFailed: (error: SystemError) => void,
): ServiceManager => {
  if (wishes === undefined) return silent;
  const { address, watchdog, storeLimit, isGuard } = wishes;
  let hasFailed = false;
  const { post, withdraw, end } = createPost(
    (text, descriptors) => send(address, text, descriptors),
    clock,
    (error) => {
      if (!hasFailed) onFailed(error);
      hasFailed = true;
    },
  );
  const endings: (() => void)[] = [];
  let told = '';
  let count: (() => Counts) | undefined;

  const status = (): string => (count === undefined ? '' : showCounts(count()));
  const tellStatus = (): void => {
    const now = status();
    if (now === told) return;
    told = now;
    post(`STATUS=${now}`);
  };

  const stored = new Set(inherited.map(({ name }) => name).filter(isStoredName));
  const store: ListenerStore = {
    outlivesStop: !isGuard,
    keep: (name, descriptor) => {
      if (stored.size >= storeLimit) return false;
      stored.add(name);
      // a datagram socket reports errors that are none of it
      post(`FDSTORE=1\nFDPOLL=0\nFDNAME=${name}`, [descriptor], name);
      return true;
    },
    forget: (name) => {
      if (!stored.delete(name)) return;
      withdraw(name);
      post(`FDSTOREREMOVE=1\nFDNAME=${name}`);
    },
  };

  return {
    store: storeLimit > 0 ? store : undefined,
    stored: () => [...stored],
    enterReady: (counts) => {
      count = counts;
      told = status();
      post(`READY=1\nSTATUS=${told}`);
      endings.push(repeat(clock, statusPause, tellStatus));
      // a timer that fires is a loop that turns
      if (watchdog !== undefined) {
        endings.push(repeat(clock, milliseconds(watchdog / 2), () => post('WATCHDOG=1')));
      }
    },
    enterReloading: () => post(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`),
    leaveReloading: () => {
      told = status();
      post(`READY=1\nSTATUS=${told}`);
    },
    enterStopping: (longest) => {
      post(`STOPPING=1\nSTATUS=draining, ${status()}\nEXTEND_TIMEOUT_USEC=${Math.ceil(longest * 1000)}`);
    },
    end: () => {
      for (const each of endings) each();
      end();
    },
  };
};
