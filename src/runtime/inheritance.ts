// Sockets that acceptd was started with: each becomes the listener of the endpoint that it is bound to.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type InternetAddress, isAccepting, type ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseAddress, showAddressBytes } from '../model/network.ts';
import { SystemError } from '../native/addon.ts';
import { fileOf } from '../native/inheritance.ts';
import { type FoundSocket, inspectSocket } from '../native/inspect.ts';
import type { Kernel } from '../native/kernel.ts';
import { isStoredName, storedName } from './stored-name.ts';

/** One that has a name of ours (stored-name.ts) was left with the service manager by the acceptd before this one. */
export type Inherited = {
  readonly descriptor: Descriptor;
  readonly name: string;
  /** A listener of ours that has lost its service: nobody else keeps it. */
  readonly isOurs?: boolean;
};

/** Who else has a listener's socket, and keeps it when we end: whoever started us gave it, or we left a copy there. */
export type Keeper = 'nobody' | 'manager' | 'store';

/** Somebody who keeps copies of listeners for the time between our end and our next start. */
export type ListenerStore = {
  /** Otherwise it is for a failure alone: at a stop everything is closed. */
  readonly outlivesStop: boolean;
  /** False where there is no room for it. */
  readonly keep: (name: string, descriptor: Descriptor) => boolean;
  readonly forget: (name: string) => void;
};

type Waiting = Inherited & {
  readonly found: FoundSocket | undefined;
  /** Of IPv6, and takes clients of IPv4 too. */
  readonly isDual: boolean;
};

/** Without the zone of IPv6, which has two forms; zones are compared apart. */
const usualForm = (host: string): string => {
  const bytes = parseAddress(host.replace(/%.*$/, ''));
  return bytes === undefined ? host : showAddressBytes(bytes);
};
const zoneOf = (host: string): string => host.replace(/^[^%]*%?/, '');

const isSameHost = (one: string, other: string): boolean =>
  usualForm(one) === usualForm(other) && zoneOf(one) === zoneOf(other);

const isWildcard = ({ host, version }: InternetAddress): boolean =>
  host === (version === 4 ? '0.0.0.0' : '::');

/** The other half of a pair that one socket of IPv6 serves. */
const isHalf = (address: ListenAddress, of: InternetAddress, version: 4 | 6): boolean =>
  address.kind === 'internet' &&
  address.version === version &&
  isWildcard(address) &&
  address.socketType === of.socketType &&
  address.port === of.port;

/** Whether one socket of IPv6 may be all that a service has of a port: it wants both versions, on all addresses. */
export const wantsPair = (address: InternetAddress, siblings: readonly ListenAddress[]): boolean =>
  isWildcard(address) &&
  !address.takesMapped &&
  siblings.some((each) => isHalf(each, address, address.version === 4 ? 6 : 4));

const isInternetAt = (
  { found, isDual }: Waiting,
  address: InternetAddress,
  siblings: readonly ListenAddress[],
): boolean => {
  if (found === undefined || found.family !== address.version || found.port !== address.port) return false;
  // which port it is was not said
  if (address.port === 0 || !isSameHost(found.place, address.host)) return false;
  if (address.version === 4 || !isWildcard(address)) return true;
  return address.takesMapped === isDual || (isDual && wantsPair(address, siblings));
};

const isFifoAt = (descriptor: Descriptor, path: string): boolean => {
  const file = fileOf(descriptor);
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  return file?.isFifo === true && file.identity === `${there?.dev}:${there?.ino}`;
};

const isUnixAt = (found: FoundSocket | undefined, path: string): boolean => {
  if (found?.family !== 'unix') return false;
  return path.startsWith('@') ? found.place === path : resolve(found.place) === resolve(path);
};

const isBoundTo = (waiting: Waiting, address: ListenAddress, siblings: readonly ListenAddress[]): boolean => {
  const { found, descriptor } = waiting;
  if (address.kind === 'fifo') return isFifoAt(descriptor, address.path);
  // a connection has the address of the listener that it came in on
  if (found?.socketType !== address.socketType || found.isListening !== isAccepting(address)) return false;
  switch (address.kind) {
    case 'internet':
      return isInternetAt(waiting, address, siblings);
    case 'unix':
      return isUnixAt(found, address.path);
    case 'vsock':
      return (
        found.family === 'vsock' &&
        found.port === address.port &&
        found.place === (address.cid === undefined ? '' : String(address.cid))
      );
  }
};

const describe = ({ found, descriptor }: Waiting): string => {
  if (found === undefined) return fileOf(descriptor)?.isFifo === true ? 'a FIFO' : 'no socket';
  const { family, socketType, place, port, isListening } = found;
  const where = showPlace(family, place, port);
  const kind = socketType === undefined ? 'socket' : `${socketType} socket`;
  return `${socketType === 'dgram' || isListening ? '' : 'not listening, '}${kind} ${where}`;
};

const showPlace = (family: FoundSocket['family'], place: string, port: number): string => {
  if (family === 'unix') return place === '' ? 'without a path' : place;
  if (family === 'vsock') return `vsock:${place}:${port}`;
  return family === 6 ? `[${place}]:${port}` : `${place}:${port}`;
};

export const createInheritance = (kernel: Kernel, inherited: readonly Inherited[]) => {
  const examine = (each: Inherited): Waiting => {
    const found = inspectSocket(each.descriptor);
    if (typeof found === 'string') return { ...each, found: undefined, isDual: false };
    const isDual = found.family === 6 && isOff(each.descriptor, 'IPV6_V6ONLY');
    return { ...each, found, isDual };
  };

  const isOff = (descriptor: Descriptor, option: string): boolean => {
    try {
      return kernel.getOption(descriptor, option) === 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return false;
    }
  };

  const waiting = new Set(inherited.map(examine));
  let isSettled = false;

  const keeperOf = ({ name, isOurs }: Waiting): Keeper =>
    isOurs === true ? 'nobody' : isStoredName(name) ? 'store' : 'manager';

  return {
    /** The socket of a listener, which is the caller's from here on. `siblings` are all addresses of its service. */
    claim: (
      key: string,
      address: ListenAddress,
      siblings: readonly ListenAddress[],
    ): { readonly descriptor: Descriptor; readonly name: string; readonly keeper: Keeper } | undefined => {
      if (waiting.size === 0) return undefined;
      const all = [...waiting];
      const claimed =
        all.find(({ name }) => name === storedName(key)) ??
        all.find((each) => isBoundTo(each, address, siblings));
      if (claimed === undefined) return undefined;
      waiting.delete(claimed);
      return { descriptor: claimed.descriptor, name: claimed.name, keeper: keeperOf(claimed) };
    },

    /** Whether clients of an address of IPv4 come in at a socket of IPv6 that the same service will claim. */
    isCovered: (address: InternetAddress, siblings: readonly ListenAddress[]): boolean =>
      address.version === 4 &&
      wantsPair(address, siblings) &&
      [...waiting].some(
        (each) =>
          each.isDual &&
          siblings.some((other) => isHalf(other, address, 6) && isBoundTo(each, other, siblings)),
      ),

    /** A listener that we close and whoever gave it keeps: it may be wanted again. */
    giveBack: (descriptor: Descriptor, name: string): void => {
      waiting.add(examine({ descriptor, name }));
    },

    save: (): readonly Inherited[] =>
      [...waiting].map(({ descriptor, name, isOurs }) => ({
        descriptor,
        name,
        ...(isOurs === undefined ? {} : { isOurs }),
      })),
    /** Those that the version before us had not used; nothing is closed for that. */
    restore: (saved: readonly Inherited[]): void => {
      isSettled = true;
      for (const each of saved) waiting.add(examine(each));
    },

    /** What nobody wants when the first configuration is in place, described; it is closed, and nobody keeps it for us. */
    closeUnused: (
      store: ListenerStore | undefined,
    ): readonly { readonly name: string; readonly what: string }[] => {
      // after the first time everything is somebody's who keeps it, but for what was ours
      const unused = [...waiting].filter(({ isOurs }) => !isSettled || isOurs === true);
      isSettled = true;
      return unused.map((each) => {
        const what = describe(each);
        waiting.delete(each);
        if (isStoredName(each.name)) store?.forget(each.name);
        kernel.close(each.descriptor);
        return { name: each.name, what };
      });
    },
  };
};

export type Inheritance = ReturnType<typeof createInheritance>;
