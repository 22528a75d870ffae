// What becomes of each bind(2) and listen(2) of an adopted server.
import { describeAddress, type ListenAddress } from '../../model/address.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Failure } from '../../model/event.ts';
import type { ResolvedService } from '../../model/service.ts';
import { SystemError } from '../../native/addon.ts';
import {
  type Call,
  type CalledPlace,
  carryOption,
  describeDescriptor,
  finishCall,
  isSameSocket,
  passCall,
  placeDescriptor,
} from '../../native/adopt.ts';
import { inspectSocket } from '../../native/inspect.ts';
import type { Runtime } from '../running.ts';
import { defaultBacklog } from '../socket.ts';
import { healSocketFile, isKept, type KeptFile } from '../socket-file.ts';
import { settingsOf } from '../socket-options.ts';
import { findOurs } from './adoption-match.ts';
import { carriedOptions } from './adoption-options.ts';
import { isSamePath } from './adoption-path.ts';
import { internetSocketOf, protocolOf, type Theirs, withTheirs } from './adoption-sockets.ts';

/** What is read of a running service and its listeners; a reload may change it. */
export type AdoptedListener = {
  readonly address: ListenAddress;
  readonly descriptor: Descriptor | undefined;
  readonly spare: KeptFile | Failure | undefined;
};
export type AdoptedService = {
  readonly prepared: { readonly service: ResolvedService };
  readonly listeners: Iterable<AdoptedListener>;
};

type Bind = Extract<Call, { readonly kind: 'bind' }>;
type Listen = Extract<Call, { readonly kind: 'listen' }>;
type PlaceOf<Kind extends CalledPlace['kind']> = Extract<CalledPlace, { readonly kind: Kind }>;

/** A listener with the socket that it has now. */
type Ours = { readonly listener: AdoptedListener; readonly descriptor: Descriptor };

/** It has ended meanwhile, or has made a mistake that the kernel will tell it. */
const isTheirMatter = ({ code }: SystemError): boolean => ['ENOENT', 'ESRCH', 'EBADF'].includes(code);

export const createGifts = (
  { kernel, observer }: Pick<Runtime, 'kernel' | 'observer'>,
  service: AdoptedService,
  tell: { readonly onListening: () => void; readonly onFailed: (error: SystemError) => void },
  /** What the run has had from the version of acceptd before us. */
  before: readonly Descriptor[] = [],
) => {
  /** What this run has got. */
  const given = new Set(
    [...service.listeners].filter(
      ({ descriptor }) => descriptor !== undefined && before.includes(descriptor),
    ),
  );
  let isListening = before.length > 0;
  /** Calls for which the file system is being asked. */
  let pending = 0;
  let isOver = false;

  const ownService = (): ResolvedService => service.prepared.service;

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
    observer.observe({ kind: 'not-adopted', service: ownService().id, pid, place, why });
  };

  /** What is not answered, or cannot be, is the kernel's: the caller must not wait. */
  const answerOrPass = (calls: Descriptor, call: Call, answer: () => boolean): void => {
    try {
      if (!answer()) passCall(calls, call);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      passCall(calls, call);
      // a server that has something of ours goes on
      if (!isTheirMatter(error) && given.size === 0) tell.onFailed(error);
    }
  };

  /** O_NONBLOCK is of the open file, which all have together: nobody who wanted it may come to wait. */
  const setBlocking = ({ listener, descriptor }: Ours, isNonBlocking: boolean): void => {
    const isWanted = isNonBlocking || ownService().daemon?.isNonBlocking === true;
    if (isWanted || !given.has(listener)) kernel.setBlocking(descriptor, !isWanted);
  };

  const carryOptions = ({ listener, descriptor }: Ours, theirs: Theirs): void => {
    const { family, socketType } = theirs.found;
    if (socketType === undefined || family === 'vsock') return;
    const fresh = kernel.openSocket(family, socketType);
    const kind = family === 'unix' ? 'unix' : 'internet';
    for (const name of carriedOptions(kind, socketType, settingsOf(ownService(), listener.address)))
      carryOption(name, theirs.descriptor, fresh, descriptor);
    kernel.close(fresh);
  };

  /** Servers remove the file of their socket before they bind it anew. */
  const putFileBack = ({ spare }: AdoptedListener): void => {
    if (!isKept(spare)) return;
    const healing = healSocketFile(kernel, spare);
    if (healing.kind !== 'lost') return;
    observer.observe({ kind: 'impaired', service: ownService().id, failure: healing.failure });
  };

  const give = (calls: Descriptor, call: Bind, ours: Ours, theirs: Theirs): true => {
    const { listener, descriptor } = ours;
    const { address } = listener;
    // a call that was begun again after a signal, or a server that means what it has
    if (!isSameSocket(theirs.descriptor, descriptor)) {
      const { isNonBlocking, isCloseOnExec } = describeDescriptor(call.thread, call.descriptor);
      carryOptions(ours, theirs);
      setBlocking(ours, isNonBlocking);
      placeDescriptor(calls, call, descriptor, isCloseOnExec);
    }
    putFileBack(listener);
    given.add(listener);
    finishCall(calls, call);
    observer.observe({ kind: 'adopted', service: ownService().id, pid: theirs.pid, address });
    if (address.socketType === 'dgram') enterListening();
    return true;
  };

  const answerInternet = (calls: Descriptor, call: Bind, place: PlaceOf<'internet'>): boolean => {
    const candidates = open().flatMap((ours) => {
      const found = inspectSocket(ours.descriptor);
      if (typeof found === 'string' || found.port !== place.port) return [];
      const socket = internetSocketOf(kernel, ours.descriptor, found);
      return socket === undefined ? [] : [{ socket, ours }];
    });
    if (candidates.length === 0 || place.port === 0) return false;
    return withTheirs(kernel, call, (theirs) => {
      const { descriptor, pid, found } = theirs;
      const own = internetSocketOf(kernel, descriptor, found);
      if (own === undefined) return false;
      const wanted = { ...own, host: place.host, port: place.port };
      const protocol = protocolOf(kernel, descriptor);
      const possible = candidates.filter(({ ours }) => protocolOf(kernel, ours.descriptor) === protocol);
      const { best, leftOut, near } = findOurs(wanted, possible, ({ listener }) => given.has(listener));
      if (best !== undefined) {
        give(calls, call, best, theirs);
        for (const { listener } of leftOut) warn(pid, showPlace(place), describeLeftOut(best, listener));
        return true;
      }
      if (near !== undefined && !given.has(near.listener)) warn(pid, showPlace(place), describeNear(near));
      return false;
    });
  };

  /** `ours` is what the address means, if anything; it must be of the same kind. */
  const giveWhere = (
    calls: Descriptor,
    call: Bind,
    ours: Ours | undefined,
    family: 'unix' | 'vsock',
  ): boolean =>
    ours !== undefined &&
    withTheirs(kernel, call, (theirs) => {
      const isSameKind =
        theirs.found.family === family && theirs.found.socketType === ours.listener.address.socketType;
      return isSameKind && give(calls, call, ours, theirs);
    });

  const answerVsock = (calls: Descriptor, call: Bind, place: PlaceOf<'vsock'>): boolean => {
    const ours = open().find(
      ({ listener: { address } }) =>
        address.kind === 'vsock' &&
        address.port === place.port &&
        (place.cid === undefined || place.cid === address.cid),
    );
    return giveWhere(calls, call, ours, 'vsock');
  };

  const answerUnix = async (calls: Descriptor, call: Bind, path: string): Promise<void> => {
    for (const ours of open()) {
      const { address } = ours.listener;
      if (address.kind !== 'unix' || !(await isSamePath(call.thread, path, address.path))) continue;
      const isOurs = !isOver && ours.listener.descriptor === ours.descriptor;
      answerOrPass(calls, call, () => giveWhere(calls, call, isOurs ? ours : undefined, 'unix'));
      return;
    }
    passCall(calls, call);
  };

  const answerBind = (calls: Descriptor, call: Bind): boolean => {
    const { place } = call;
    switch (place.kind) {
      case 'internet':
        return answerInternet(calls, call, place);
      case 'unix':
        pending += 1;
        void answerUnix(calls, call, place.path).finally(() => {
          pending -= 1;
        });
        return true;
      case 'vsock':
        return answerVsock(calls, call, place);
      case 'hidden':
        throw place.error;
      case 'other':
        return false;
    }
  };

  /** As configured; else no shorter than we have made it: others than this server may know better. */
  const backlogOf = ({ address }: AdoptedListener, { backlog }: Listen): number =>
    settingsOf(ownService(), address).backlog ?? Math.max(defaultBacklog, backlog);

  const answerListen = (calls: Descriptor, call: Listen): boolean =>
    given.size > 0 &&
    withTheirs(kernel, call, ({ descriptor }) => {
      const ours = open().find(
        (each) => given.has(each.listener) && isSameSocket(each.descriptor, descriptor),
      );
      if (ours === undefined) return false;
      kernel.listen(ours.descriptor, backlogOf(ours.listener, call));
      finishCall(calls, call);
      enterListening();
      return true;
    });

  return {
    /** Sooner or later; at once but for unix paths, which are looked for in the file system. */
    answer: (calls: Descriptor, call: Call): void =>
      answerOrPass(calls, call, () =>
        call.kind === 'bind' ? answerBind(calls, call) : answerListen(calls, call),
      ),
    isAnswering: (): boolean => pending > 0,
    given: (): readonly Descriptor[] => [...given].flatMap(({ descriptor }) => descriptor ?? []),
    end: (): void => {
      isOver = true;
    },
  };
};

const showPlace = ({ version, host, port }: PlaceOf<'internet'>): string =>
  version === 4 ? `${host}:${port}` : `[${host}]:${port}`;

const describeNear = ({ listener }: Ours): string =>
  `and not ${describeAddress(listener.address)}, where its clients come: write the same address in both places`;

const describeLeftOut = (best: Ours, left: AdoptedListener): string =>
  `with one socket, which is that of ${describeAddress(best.listener.address)} now: nobody accepts at ${describeAddress(left.address)}; ` +
  'give the service one address (tcp46 is one for IPv4 and IPv6), or the server a socket for each';
