// The listeners of a daemon: lent to it for a run, ours again afterwards.
import type { ListenAddress } from '../../model/address.ts';
import type { ConnectionRecord } from '../../model/record.ts';
import { observeTurnedAway } from '../accepted.ts';
import { listenerKey } from '../plan.ts';
import type { DaemonHandle, RunningListener, RunningService, Runtime } from '../running.ts';
import { isLent } from '../running.ts';
import { listenAgain } from '../socket.ts';
import { flushQueue } from './flush.ts';
import type { DaemonParts } from './parts.ts';

/** In the order of the configuration, which is that of their descriptors. Behind a relay it has none. */
export const listenersOf = (runtime: Runtime, running: RunningService): readonly RunningListener[] => {
  const { service } = running.prepared;
  if (service.mode !== 'whole-socket') return [];
  // most have one, and a client may wait for the answer
  const [only] = running.listeners;
  if (
    service.addresses.length === 1 &&
    running.listeners.size === 1 &&
    only?.address === service.addresses[0]
  )
    return only?.descriptor === undefined ? [] : [only];
  return service.addresses.flatMap((address) => {
    const listener = runtime.listeners.get(listenerKey(service, address));
    return listener?.service === running && listener.descriptor !== undefined ? [listener] : [];
  });
};

export const createLending = (
  { runtime, states, files }: Pick<DaemonParts, 'runtime' | 'states' | 'files'>,
  running: RunningService,
  handle: DaemonHandle,
) => ({
  /** They are still watched: endWatch() has to be called in the same turn. */
  lend: (): readonly RunningListener[] => {
    const free = listenersOf(runtime, running).filter((listener) => !isLent(listener));
    for (const listener of free) {
      listener.holder = handle;
      files.keep(listener);
    }
    return free;
  },

  /** When the process has been started, which does not wait for it. */
  endWatch: (): void => states.updateService(running),

  /** What it was lent by the version before us. */
  lendAgain: (keys: readonly string[]): readonly RunningListener[] => {
    const lent = keys.flatMap((key) => runtime.listeners.get(key) ?? []);
    for (const listener of lent) listener.holder = handle;
    return lent;
  },

  /** Those that another service has by now are that one's at once; its own wait for what follows. */
  takeBack: (listeners: readonly RunningListener[]): void => {
    for (const listener of listeners) {
      if (listener.holder !== handle) continue;
      listener.holder = undefined;
      if (listener.descriptor === undefined) continue;
      const { service } = listener.service.prepared;
      listenAgain(runtime.kernel, service, listener.address, listener.descriptor);
      files.heal(listener);
      if (listener.service !== running) states.update(listener);
    }
  },

  flush: (): void => {
    const onDropped = (record: ConnectionRecord): void =>
      observeTurnedAway(runtime, running, 'suspended', record);
    for (const { address, descriptor } of running.listeners)
      if (descriptor !== undefined) flushQueue(runtime.kernel, address, descriptor, onDropped);
  },
});

export type Lending = ReturnType<typeof createLending>;

/** With the port that the kernel chose. */
export const boundAddresses = (
  { kernel }: Pick<Runtime, 'kernel'>,
  listeners: readonly RunningListener[],
): readonly ListenAddress[] =>
  listeners.flatMap(({ address, descriptor }) => {
    if (descriptor === undefined) return [];
    return address.kind === 'internet' && address.port === 0
      ? [{ ...address, port: kernel.portOf(descriptor) }]
      : [address];
  });
