// The files of listeners, from the first daemon that might unlink one to the listener's end; what fails is told.
import type { Descriptor } from '../model/descriptor.ts';
import type { Observer } from '../model/event.ts';
import { SystemError } from '../native/addon.ts';
import type { RunningListener, Runtime } from './running.ts';
import { dropSpare, healSocketFile, isKept, keepSocketFile } from './socket-file.ts';
import { removeSocketFile, removeSymlinks, socketFileInode } from './socket-place.ts';

export const observeImpaired = (
  observer: Observer,
  { service }: RunningListener,
  { code, message }: SystemError,
): void => {
  const failure = { code, what: message };
  observer.observe({ kind: 'impaired', service: service.prepared.service.id, failure });
};

/** Does what may fail without consequence but that it is told. */
export const attemptFor = (observer: Observer, listener: RunningListener, action: () => void): void => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    observeImpaired(observer, listener, error);
  }
};

/** `rebind` opens a listener anew, at the same path. */
export const createListenerFiles = (
  { kernel, observer }: Runtime,
  rebind: (listener: RunningListener, descriptor: Descriptor) => void,
) => {
  const remove = (listener: RunningListener): void => {
    const { address, inode, settings } = listener;
    attemptFor(observer, listener, () => removeSymlinks(address, settings.symlinks));
    attemptFor(observer, listener, () => dropSpare(address));
    attemptFor(observer, listener, () => removeSocketFile(address, inode));
    listener.spare = undefined;
  };

  /** Before a daemon gets the socket: some unlink the file at their end. */
  const keep = (listener: RunningListener): void => {
    if (isKept(listener.spare)) return;
    const spare = keepSocketFile(listener.address, listener.inode);
    const isNew = listener.spare === undefined;
    listener.spare = spare;
    if (spare === undefined || isKept(spare) || !isNew) return;
    observer.observe({ kind: 'impaired', service: listener.service.prepared.service.id, failure: spare });
  };

  /**
   * After a daemon's end: its socket's file is there again, with everybody who waits. Where that cannot be, the socket
   * is another one at the same path, which is told.
   */
  const heal = (listener: RunningListener): void => {
    const { spare, address, descriptor } = listener;
    if (descriptor === undefined || spare === undefined) return;
    if (isKept(spare)) {
      const healing = healSocketFile(kernel, spare);
      if (healing.kind === 'intact' || healing.kind === 'healed') return;
      const failure =
        healing.kind === 'lost'
          ? healing.failure
          : { code: 'EADDRINUSE', what: `another server has put its own socket at ${spare.address.path}` };
      observer.observe({ kind: 'impaired', service: listener.service.prepared.service.id, failure });
      if (healing.kind === 'taken') return;
    } else if (socketFileInode(address) === listener.inode) return;
    rebind(listener, descriptor);
  };

  return { keep, heal, remove };
};

export type ListenerFiles = ReturnType<typeof createListenerFiles>;
