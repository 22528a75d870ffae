// A listener's life: opened, opened again later when that failed, passed from one configuration to the next, closed.
import { backOff } from '../admission/limits.ts';
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { milliseconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import type { Entrance } from './entrance.ts';
import type { Inheritance, Keeper, ListenerStore } from './inheritance.ts';
import { attemptFor, createListenerFiles, observeImpaired } from './listener-files.ts';
import { createListenerSource, isShareable } from './listener-source.ts';
import { noDoubt } from './queue.ts';
import { isLent, type RunningListener, type RunningService, type Runtime } from './running.ts';
import { type Opening, retuneListener } from './socket.ts';
import { dropSpare } from './socket-file.ts';
import { acceptedOptions, settingsOf } from './socket-options.ts';
import { removeSymlinks, socketFileInode } from './socket-place.ts';
import { storedName } from './stored-name.ts';
import type { States } from './watch.ts';

const firstRetry = milliseconds(200);
const lastRetry = milliseconds(10_000);

/** A machine without IPv6 serves IPv4 alone, without a word. */
const isMissingFamily = (address: ListenAddress, code: string): boolean =>
  address.kind === 'internet' && address.isOptional && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL');

/** `onLate` is called when one could be opened at a later try. */
export const createListeners = (
  runtime: Runtime,
  states: States,
  entrance: Entrance,
  inheritance: Inheritance,
  store: ListenerStore | undefined,
  onLate: () => void,
) => {
  const { kernel, clock, observer, listeners } = runtime;
  const { isCovered, obtain } = createListenerSource(kernel, inheritance);

  /** Enters the table; whether it is open yet is another question. */
  const add = (key: string, address: ListenAddress, service: RunningService): RunningListener => {
    const listener: RunningListener = {
      key,
      address,
      service,
      descriptor: undefined,
      inode: undefined,
      isWatched: false,
      isAsking: false,
      isChanging: false,
      isFiltered: false,
      tuning: '',
      settings: service.prepared.service.socket,
      acceptedOptions: [],
      keeper: 'nobody',
      inheritedName: '',
      spare: undefined,
      owner: undefined,
      holder: undefined,
      opening: { failures: 0, cancel: undefined },
      respawning: { ...noDoubt(), cancel: undefined },
    };
    listeners.set(key, listener);
    service.listeners.add(listener);
    return listener;
  };

  /** Closed for its rate until the suspension is over; also when a reload comes meanwhile. */
  const isShut = ({ service }: RunningListener): boolean =>
    service.suspension !== undefined && service.limits.onRate === 'close';

  const setUp = (listener: RunningListener, descriptor: Descriptor, keeper: Keeper, name: string): void => {
    const { address, service } = listener;
    const { service: resolved } = service.prepared;
    listener.descriptor = descriptor;
    listener.keeper = keeper;
    listener.inheritedName = name;
    // one that we did not make may have a filter that we left there once
    listener.isFiltered =
      keeper !== 'nobody' || (resolved.mode === 'whole-socket' && resolved.access !== undefined);
    entrance.update(listener);
    listener.inode = socketFileInode(address);
    noteTuning(listener, tuningOf(resolved, address));
    if (
      keeper === 'nobody' &&
      isShareable(resolved, address) &&
      store?.keep(storedName(listener.key), descriptor) === true
    )
      listener.keeper = 'store';
  };

  /** Opens, or tries again later with growing patience. */
  const open = (listener: RunningListener, overlapping: readonly Descriptor[]): void => {
    const { address, service, opening } = listener;
    const { service: resolved } = service.prepared;
    opening.cancel?.();
    opening.cancel = undefined;
    if (isShut(listener) || isCovered(listener)) return;
    try {
      const how: Opening = {
        overlapping,
        guard: (fresh) => entrance.guard(fresh, resolved),
        onDenied: (error) => observeImpaired(observer, listener, error),
      };
      setUp(listener, ...obtain(listener, how));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (isMissingFamily(address, error.code)) return;
      opening.failures += 1;
      const retryIn = backOff(opening.failures, firstRetry, lastRetry);
      opening.cancel = clock.after(retryIn, () => open(listener, []));
      const failure = { code: error.code, what: error.message };
      observer.observe({ kind: 'listen-failed', service: resolved.id, address, failure, retryIn });
      return;
    }
    if (opening.failures > 0) onLate();
    opening.failures = 0;
    observer.observe({ kind: 'listening', service: resolved.id, address });
    states.update(listener);
  };

  /** What failed before gets another chance at once. */
  const forgetFailures = ({ respawning }: RunningListener): void => {
    respawning.cancel?.();
    respawning.cancel = undefined;
    respawning.failures = 0;
  };

  /** All that is set on a socket. */
  const tuningOf = ({ socket, mode }: ResolvedService, address: ListenAddress): string =>
    JSON.stringify([socket, mode, address]);

  const noteTuning = (listener: RunningListener, tuning: string): void => {
    const { service } = listener.service.prepared;
    listener.tuning = tuning;
    listener.settings = settingsOf(service, listener.address);
    listener.acceptedOptions = acceptedOptions(service, listener.address);
  };

  const retune = (listener: RunningListener, descriptor: Descriptor, tuning: string): void => {
    // the rule is asked anew: the mode may need another kind of watching
    kernel.unwatch(descriptor);
    listener.isWatched = false;
    const { settings: before, address, inode } = listener;
    const { service } = listener.service.prepared;
    noteTuning(listener, tuning);
    const denied: SystemError[] = [];
    try {
      retuneListener(kernel, service, address, { descriptor, inode }, before, (error) => denied.push(error));
      const { symlinks } = listener.settings;
      removeSymlinks(
        address,
        before.symlinks.filter((link) => !symlinks.includes(link)),
      );
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      denied.push(error);
    }
    // to be tried again by the next reload
    if (denied.length > 0) listener.tuning = '';
    for (const error of denied) observeImpaired(observer, listener, error);
  };

  /**
   * The socket stays; whose it is and how it is served changes. True where its socket has to be changed too, by
   * settle(): nobody is accepted there until that is done and `isChanging` taken back. `tuning`: of what it is to be.
   */
  const pass = (
    listener: RunningListener,
    address: ListenAddress,
    service: RunningService,
    tuning: string,
  ): boolean => {
    if (listener.service !== service) {
      listener.service.listeners.delete(listener);
      listener.service = service;
      service.listeners.add(listener);
    }
    listener.address = address;
    forgetFailures(listener);
    const { mode, access } = service.prepared.service;
    const hasFilter = listener.isFiltered || (mode === 'whole-socket' && access !== undefined);
    if (listener.descriptor === undefined) return false;
    // a daemon that began now would not get the sockets that are still to be opened
    if (tuning === listener.tuning && !hasFilter && service.daemon === undefined) return false;
    listener.isChanging = true;
    states.update(listener);
    return true;
  };

  /** Brings the socket in line with the service that it has been passed to. */
  const settle = (listener: RunningListener): void => {
    const { descriptor, address, service } = listener;
    if (descriptor === undefined) return;
    const tuning = tuningOf(service.prepared.service, address);
    if (tuning !== listener.tuning) retune(listener, descriptor, tuning);
    try {
      entrance.update(listener);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      entrance.shutOut(listener);
      observeImpaired(observer, listener, error);
    }
  };

  /** Nothing has changed, but what failed before gets another chance. */
  const refresh = (listener: RunningListener): void => {
    forgetFailures(listener);
    states.update(listener);
  };

  /** A server may have it, or have left it to a child; who gave it to us, or keeps it for us, has it. */
  const belongsToUsAlone = (listener: RunningListener): boolean =>
    !isLent(listener) &&
    listener.keeper === 'nobody' &&
    listener.service.prepared.service.mode === 'per-connection';

  /** The end of a listener. `atEnd`: of all of them, when what others keep for our next start is left to them. */
  const close = (listener: RunningListener, atEnd = false): void => {
    listener.service.listeners.delete(listener);
    listeners.delete(listener.key);
    const { keeper, descriptor, inheritedName } = listener;
    if (descriptor === undefined || keeper === 'nobody') shut(listener);
    else if (atEnd && (keeper === 'manager' || store?.outlivesStop === true)) leave(listener, descriptor);
    else if (keeper === 'store') {
      store?.forget(storedName(listener.key));
      listener.keeper = 'nobody';
      shut(listener);
    } else {
      // who gave it keeps it open: it may be wanted again
      kernel.unwatch(descriptor);
      inheritance.giveBack(descriptor, inheritedName);
      listener.descriptor = undefined;
      shut(listener);
      observeClosed(listener);
    }
  };

  const leave = (listener: RunningListener, descriptor: Descriptor): void => {
    attemptFor(observer, listener, () => dropSpare(listener.address));
    kernel.close(descriptor);
    listener.descriptor = undefined;
    shut(listener);
    observeClosed(listener);
  };

  const observeClosed = ({ service, address }: RunningListener): void =>
    observer.observe({ kind: 'closed', service: service.prepared.service.id, address });

  /** Closes the socket, for a while or for good; a server that still has it keeps it. */
  const shut = (listener: RunningListener): void => {
    listener.opening.cancel?.();
    listener.opening.cancel = undefined;
    forgetFailures(listener);
    // it would not be closed for anybody
    if (listener.keeper === 'manager' && listener.descriptor !== undefined) return;
    listener.isWatched = false;
    if (listener.descriptor === undefined) return;
    files.remove(listener);
    if (listener.keeper === 'store') store?.forget(storedName(listener.key));
    if (belongsToUsAlone({ ...listener, keeper: 'nobody' })) kernel.closeListener(listener.descriptor);
    else kernel.close(listener.descriptor);
    listener.descriptor = undefined;
    listener.keeper = 'nobody';
    observeClosed(listener);
  };

  const rebind = (listener: RunningListener, descriptor: Descriptor): void => {
    if (listener.keeper === 'store') store?.forget(storedName(listener.key));
    kernel.close(descriptor);
    listener.descriptor = undefined;
    listener.keeper = 'nobody';
    listener.isWatched = false;
    listener.spare = undefined;
    open(listener, []);
  };

  const files = createListenerFiles(runtime, rebind);

  /** Tries what could not be opened or started, now. */
  const retry = (listener: RunningListener): void => {
    if (listener.descriptor === undefined) {
      open(listener, []);
      return;
    }
    refresh(listener);
  };

  /** Opens a listener that was shut for a while, unless it is open or being tried already. */
  const reopen = (listener: RunningListener): void => {
    if (listener.descriptor === undefined && listener.opening.cancel === undefined) open(listener, []);
  };

  /** The same for all (SIGALRM). */
  const retryNow = (): void => {
    for (const listener of listeners.values()) retry(listener);
  };

  return { add, open, tuningOf, pass, settle, refresh, shut, close, retry, reopen, retryNow, files };
};

export type Listeners = ReturnType<typeof createListeners>;
