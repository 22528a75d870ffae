// A listener's life: opened, opened again later when that failed, passed from one configuration to the next, closed.
import { backOff } from '../admission/limits.ts';
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { milliseconds } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import type { Entrance } from './entrance.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import { openListener, removeSocketFile, retuneListener, socketFileInode } from './socket.ts';
import type { States } from './watch.ts';

const firstRetry = milliseconds(200);
const lastRetry = milliseconds(10_000);

/** A machine without IPv6 serves IPv4 alone, without a word. */
const isMissingFamily = (address: ListenAddress, code: string): boolean =>
  address.kind === 'internet' && address.isOptional && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL');

/** `onLate` is called when one could be opened at a later try. */
export const createListeners = (runtime: Runtime, states: States, entrance: Entrance, onLate: () => void) => {
  const { kernel, clock, observer, listeners } = runtime;

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
      isFiltered: false,
      tuning: '',
      owner: undefined,
      opening: { failures: 0, cancel: undefined },
      respawning: { failures: 0, cancel: undefined },
    };
    listeners.set(key, listener);
    service.listeners.add(listener);
    return listener;
  };

  /** Closed for its rate until the suspension is over; also when a reload comes meanwhile. */
  const isShut = ({ service }: RunningListener): boolean =>
    service.suspension !== undefined && service.prepared.service.limits.onRate === 'close';

  /** Opens, or tries again later with growing patience. */
  const open = (listener: RunningListener, overlapping: readonly Descriptor[]): void => {
    const { address, service, opening } = listener;
    const { service: resolved } = service.prepared;
    opening.cancel?.();
    opening.cancel = undefined;
    if (isShut(listener)) return;
    try {
      listener.descriptor = openListener(kernel, resolved, address, overlapping, (fresh) =>
        entrance.guard(fresh, resolved),
      );
      listener.isFiltered = resolved.mode === 'whole-socket' && resolved.access !== undefined;
      entrance.update(listener);
      listener.inode = socketFileInode(address);
      listener.tuning = tuningOf(service, address);
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

  const observeImpaired = ({ service }: RunningListener, error: SystemError): void => {
    const failure = { code: error.code, what: error.message };
    observer.observe({ kind: 'impaired', service: service.prepared.service.id, failure });
  };

  /** What failed before gets another chance at once. */
  const forgetFailures = ({ respawning }: RunningListener): void => {
    respawning.cancel?.();
    respawning.cancel = undefined;
    respawning.failures = 0;
  };

  /** All that is set on a socket. */
  const tuningOf = ({ prepared }: RunningService, address: ListenAddress): string =>
    JSON.stringify([prepared.service.socket, prepared.service.mode, address]);

  const retune = (listener: RunningListener, descriptor: Descriptor, tuning: string): void => {
    // the rule is asked anew: the mode may need another kind of watching
    kernel.unwatch(descriptor);
    listener.isWatched = false;
    listener.tuning = tuning;
    try {
      const { service } = listener.service.prepared;
      retuneListener(kernel, service, listener.address, descriptor, listener.inode);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // to be tried again by the next reload
      listener.tuning = '';
      observeImpaired(listener, error);
    }
  };

  /** The socket stays; whose it is and how it is served changes. */
  const pass = (listener: RunningListener, address: ListenAddress, service: RunningService): void => {
    listener.service.listeners.delete(listener);
    listener.service = service;
    listener.address = address;
    service.listeners.add(listener);
    forgetFailures(listener);
    if (listener.descriptor === undefined) return;
    const tuning = tuningOf(service, address);
    if (tuning !== listener.tuning) retune(listener, listener.descriptor, tuning);
    try {
      entrance.update(listener);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      entrance.shutOut(listener);
      observeImpaired(listener, error);
    }
  };

  /** Nothing has changed, but what failed before gets another chance. */
  const refresh = (listener: RunningListener): void => {
    forgetFailures(listener);
    states.update(listener);
  };

  /** A server may have it, or have left it to a child. */
  const belongsToUsAlone = ({ owner, service }: RunningListener): boolean =>
    owner === undefined && service.prepared.service.mode === 'per-connection';

  /** The end of a listener. */
  const close = (listener: RunningListener): void => {
    listener.service.listeners.delete(listener);
    listeners.delete(listener.key);
    shut(listener);
  };

  /** Closes the socket, for a while or for good; a server that still has it keeps it. */
  const shut = (listener: RunningListener): void => {
    listener.opening.cancel?.();
    listener.opening.cancel = undefined;
    forgetFailures(listener);
    listener.isWatched = false;
    if (listener.descriptor === undefined) return;
    try {
      removeSocketFile(listener.address, listener.inode);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      observeImpaired(listener, error);
    }
    if (belongsToUsAlone(listener)) kernel.closeListener(listener.descriptor);
    else kernel.close(listener.descriptor);
    listener.descriptor = undefined;
    observer.observe({
      kind: 'closed',
      service: listener.service.prepared.service.id,
      address: listener.address,
    });
  };

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

  return { add, open, pass, refresh, shut, close, retry, reopen, retryNow };
};

export type Listeners = ReturnType<typeof createListeners>;
