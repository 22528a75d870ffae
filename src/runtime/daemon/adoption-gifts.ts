// What becomes of each bind(2) and listen(2) of an adopted server.
import { describeAddress, type ListenAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { ResolvedService } from '../../model/service.ts';
import type { SocketSettings } from '../../model/socket-settings.ts';
import { SystemError } from '../../native/addon.ts';
import {
  borrowDescriptor,
  type Call,
  type CalledPlace,
  carryOption,
  describeDescriptor,
  finishCall,
  isSameSocket,
  passCall,
  placeDescriptor,
  processOf,
} from '../../native/adopt.ts';
import { type FoundSocket, inspectSocket } from '../../native/inspect.ts';
import type { Runtime } from '../running.ts';
import { defaultBacklog } from '../socket.ts';
import { findOurs, type InternetSocket } from './adoption-match.ts';
import { carriedOptions } from './adoption-options.ts';
import { isSamePath } from './adoption-path.ts';

type Bind = Extract<Call, { readonly kind: 'bind' }>;
type Listen = Extract<Call, { readonly kind: 'listen' }>;
type InternetPlace = Extract<CalledPlace, { readonly kind: 'internet' }>;

/** What is read of a running service and its listeners; a reload may change it. */
export type AdoptedListener = {
  readonly address: ListenAddress;
  readonly descriptor: Descriptor | undefined;
};
export type AdoptedService = {
  readonly prepared: { readonly service: ResolvedService };
  readonly listeners: Iterable<AdoptedListener>;
};

/** A listener with the socket that it has now. */
type Ours = { readonly listener: AdoptedListener; readonly descriptor: Descriptor };

/** The socket of a call, in our table for as long as we look at it. */
type Theirs = { readonly pid: number; readonly descriptor: Descriptor; readonly found: FoundSocket };

const showPlace = ({ version, host, port }: InternetPlace): string =>
  version === 4 ? `${host}:${port}` : `[${host}]:${port}`;

/** It has ended meanwhile, or has made a mistake that the kernel will tell it. */
const isTheirMatter = ({ code }: SystemError): boolean => ['ENOENT', 'ESRCH', 'EBADF'].includes(code);

export const createGifts = (
  { kernel, observer }: Pick<Runtime, 'kernel' | 'observer'>,
  service: AdoptedService,
  tell: { readonly onListening: () => void; readonly onFailed: (error: SystemError) => void },
) => {
  /** What this run has got. */
  const given = new Set<AdoptedListener>();
  let isListening = false;
  let isOver = false;

  const open = (): readonly Ours[] =>
    [...service.listeners].flatMap((listener) =>
      listener.descriptor === undefined ? [] : [{ listener, descriptor: listener.descriptor }],
    );

  const enterListening = (): void => {
    if (isListening) return;
    isListening = true;
    tell.onListening();
  };

  const warn = (pid: number, place: string, why: string): void => {
    observer.observe({ kind: 'not-adopted', service: service.prepared.service.id, pid, place, why });
  };

  /** Whatever goes wrong here must not hold up the caller: the kernel answers it then. */
  const orPass = (calls: Descriptor, call: Call, act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      passCall(calls, call);
      if (!isTheirMatter(error)) tell.onFailed(error);
    }
  };

  const withTheirs = (call: Call, look: (theirs: Theirs) => void): void => {
    const pid = processOf(call.thread);
    const descriptor = borrowDescriptor(pid, call.descriptor);
    try {
      const found = inspectSocket(descriptor);
      if (typeof found === 'string') throw new SystemError('see a socket of a server', 'EBADF', found);
      look({ pid, descriptor, found });
    } finally {
      kernel.close(descriptor);
    }
  };

  const protocolOf = (descriptor: Descriptor): number => {
    const protocol = kernel.getOption(descriptor, 'SO_PROTOCOL');
    // who wants TCP can do with a socket of Multipath TCP
    return protocol === multipathTcp ? tcp : protocol;
  };

  const socketOf = (
    descriptor: Descriptor,
    { family, socketType, place, port }: FoundSocket,
  ): InternetSocket | undefined =>
    family === 'unix'
      ? undefined
      : {
          kind: 'internet',
          socketType,
          version: family,
          host: place,
          port,
          isV6Only: family === 6 && kernel.getOption(descriptor, 'IPV6_V6ONLY') === 1,
        };

  /** O_NONBLOCK is of the open file, which all have together: nobody who wanted it may come to wait. */
  const setBlocking = ({ listener, descriptor }: Ours, isNonBlocking: boolean): void => {
    const isWanted = isNonBlocking || service.prepared.service.daemon?.isNonBlocking === true;
    if (isWanted || !given.has(listener)) kernel.setBlocking(descriptor, !isWanted);
  };

  const settingsOf = ({ address }: AdoptedListener): SocketSettings =>
    address.own?.socket ?? service.prepared.service.socket;

  const carryOptions = ({ listener, descriptor }: Ours, theirs: Theirs): void => {
    const { family, socketType } = theirs.found;
    if (socketType === undefined) return;
    const fresh = kernel.openSocket(family, socketType);
    const settings = settingsOf(listener);
    const kind = family === 'unix' ? 'unix' : 'internet';
    for (const name of carriedOptions(kind, socketType, settings))
      carryOption(name, theirs.descriptor, fresh, descriptor);
    kernel.close(fresh);
  };

  const give = (calls: Descriptor, call: Bind, ours: Ours, theirs: Theirs): void => {
    const { listener, descriptor } = ours;
    // a call that was begun again after a signal, or a server that means what it has
    if (!isSameSocket(theirs.descriptor, descriptor)) {
      const { isNonBlocking, isCloseOnExec } = describeDescriptor(call.thread, call.descriptor);
      carryOptions(ours, theirs);
      setBlocking(ours, isNonBlocking);
      placeDescriptor(calls, call, descriptor, isCloseOnExec);
    }
    given.add(listener);
    finishCall(calls, call);
    const { address } = listener;
    observer.observe({ kind: 'adopted', service: service.prepared.service.id, pid: theirs.pid, address });
    if (address.socketType === 'dgram') enterListening();
  };

  const answerInternet = (calls: Descriptor, call: Bind, place: InternetPlace): void => {
    const candidates = open().flatMap((ours) => {
      const found = inspectSocket(ours.descriptor);
      if (typeof found === 'string' || found.port !== place.port) return [];
      const socket = socketOf(ours.descriptor, found);
      return socket === undefined ? [] : [{ socket, ours }];
    });
    if (candidates.length === 0 || place.port === 0) return passCall(calls, call);
    withTheirs(call, (theirs) => {
      const { descriptor, pid, found } = theirs;
      const own = socketOf(descriptor, found);
      if (own === undefined) return passCall(calls, call);
      const wanted = { ...own, version: place.version, host: place.host, port: place.port };
      const protocol = protocolOf(descriptor);
      const possible = candidates.filter(({ ours }) => protocolOf(ours.descriptor) === protocol);
      const { best, leftOut, near } = findOurs(wanted, possible, ({ listener }) => given.has(listener));
      if (best !== undefined) {
        give(calls, call, best, theirs);
        for (const { listener } of leftOut) warn(pid, showPlace(place), describeLeftOut(best, listener));
        return;
      }
      passCall(calls, call);
      if (near !== undefined && !given.has(near.listener)) warn(pid, showPlace(place), describeNear(near));
    });
  };

  const answerUnix = async (calls: Descriptor, call: Bind, path: string): Promise<void> => {
    const candidates = open().filter(({ listener }) => listener.address.kind === 'unix');
    for (const ours of candidates) {
      const { address } = ours.listener;
      if (address.kind !== 'unix' || !(await isSamePath(call.thread, path, address.path))) continue;
      if (isOver || ours.listener.descriptor !== ours.descriptor) break;
      orPass(calls, call, () =>
        withTheirs(call, (theirs) => {
          const isSameType = theirs.found.socketType === address.socketType;
          if (theirs.found.family === 'unix' && isSameType) give(calls, call, ours, theirs);
          else passCall(calls, call);
        }),
      );
      return;
    }
    passCall(calls, call);
  };

  const answerBind = (calls: Descriptor, call: Bind): void => {
    const { place } = call;
    switch (place.kind) {
      case 'internet':
        return orPass(calls, call, () => answerInternet(calls, call, place));
      case 'unix':
        void answerUnix(calls, call, place.path);
        return;
      case 'hidden':
        return orPass(calls, call, () => {
          throw place.error;
        });
      case 'other':
        return passCall(calls, call);
    }
  };

  /** As configured; else no shorter than we have made it. */
  const backlogOf = (listener: AdoptedListener, { backlog }: Listen): number =>
    settingsOf(listener).backlog ?? Math.max(defaultBacklog, backlog);

  const answerListen = (calls: Descriptor, call: Listen): void => {
    if (given.size === 0) return passCall(calls, call);
    withTheirs(call, ({ descriptor }) => {
      const ours = open().find(
        (each) => given.has(each.listener) && isSameSocket(each.descriptor, descriptor),
      );
      if (ours === undefined) return passCall(calls, call);
      kernel.listen(ours.descriptor, backlogOf(ours.listener, call));
      finishCall(calls, call);
      enterListening();
    });
  };

  return {
    /** Sooner or later; at once but for unix paths, which are looked for in the file system. */
    answer: (calls: Descriptor, call: Call): void => {
      if (call.kind === 'bind') answerBind(calls, call);
      else orPass(calls, call, () => answerListen(calls, call));
    },
    end: (): void => {
      isOver = true;
    },
  };
};

const tcp = 6;
const multipathTcp = 262;

const describeNear = ({ listener }: Ours): string =>
  `and not ${describeAddress(listener.address)}, where its clients come: write the same address in both places`;

const describeLeftOut = (best: Ours, left: AdoptedListener): string =>
  `with one socket, which is that of ${describeAddress(best.listener.address)} now: nobody accepts at ${describeAddress(left.address)}; ` +
  'give the service one address (tcp46 is one for IPv4 and IPv6), or the server a socket for each';
