// A listener is ready: clients are taken from its queue, admitted or refused, and answered.
import { admitClient, roomFor } from '../admission/admit.ts';
import { type Source, takeStart } from '../admission/limits.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import { type ConnectionRecord, peerOf, sourceOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted } from '../native/kernel.ts';
import { serveConnection, serveDatagrams, serveWholeSocket } from '../serve/serve.ts';
import { claimDatagram, moveDatagrams } from './datagram.ts';
import type { Instances } from './instances.ts';
import { lookAtQueue } from './queue.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import type { States } from './watch.ts';

/** Clients of one listener in one turn of the loop; the others' turn comes before its next. */
const batch = 16;
/** Instances of a server whose clients come one after the other: the new one, and one that has not been reaped yet. */
const quiet = 2;

const shortages: ReadonlyMap<string, 'descriptors' | 'processes'> = new Map([
  ['EMFILE', 'descriptors'],
  ['ENFILE', 'descriptors'],
  ['ENOBUFS', 'descriptors'],
  ['ENOMEM', 'processes'],
  ['EAGAIN', 'processes'],
]);

export const createAcceptance = (runtime: Runtime, states: States, instances: Instances) => {
  const { kernel, clock, observer } = runtime;

  const observeRefusal = (
    service: RunningService,
    reason: RefusalReason,
    record: ConnectionRecord | undefined,
    cause?: RefusalCause,
  ): void => {
    if (!observer.isWanted('refused')) return;
    const peer = record === undefined ? undefined : peerOf(record);
    observer.observe({ kind: 'refused', service: service.prepared.service.id, reason, cause, peer });
  };

  /** The kernel said no to a start: the end of this client, and a pause for all when it was a shortage. */
  const onStartError = (
    service: RunningService,
    error: unknown,
    record: ConnectionRecord | undefined,
  ): void => {
    if (!(error instanceof SystemError)) throw error;
    const failure = { code: error.code, what: error.message };
    const of = shortages.get(error.code);
    if (of !== undefined) {
      observeRefusal(service, of, record);
      states.enterShortage(of, failure);
      return;
    }
    const peer = record === undefined ? undefined : peerOf(record);
    observer.observe({
      kind: 'start-failed',
      service: service.prepared.service.id,
      pid: undefined,
      failure,
      peer,
    });
  };

  /** Room for clients of a service, after entering the state that says why there is none. */
  const makeRoom = (service: RunningService): number => {
    const { limits, mode } = service.prepared.service;
    // each socket has one server at a time, whatever runs at the service's others; and nobody can be refused there
    const applied =
      mode === 'whole-socket' ? { ...limits, instances: undefined, onLimit: 'hold' as const } : limits;
    const room = roomFor(service.usage, applied, clock.now());
    switch (room.kind) {
      case 'room':
        // as long as a shortage lasts it is tried with one client at a time: who is not accepted can wait
        return Math.min(runtime.shortage.failures > 0 ? 1 : batch, room.clients);
      case 'hold':
        states.enterHeld(service);
        return 0;
      case 'suspend':
        states.enterSuspended(service, 'rate');
        return 0;
    }
  };

  /** Counts an admitted client; undefined after a refusal was told. */
  const admit = (service: RunningService, record: ConnectionRecord): Source | undefined => {
    const { id, limits } = service.prepared.service;
    if (runtime.isDraining) {
      observeRefusal(service, 'draining', record);
      return undefined;
    }
    const source = sourceOf(record, limits.sourcePrefix);
    const verdict = admitClient(
      { service: id, limits, source },
      service.usage,
      runtime.sourceRates,
      clock.now(),
    );
    if (verdict.kind === 'admit') return source;
    observeRefusal(service, verdict.reason, record);
    return undefined;
  };

  /** Starts the answer to an admitted client; takes the connection. */
  const answer = (service: RunningService, client: Accepted, source: Source): void => {
    const onBuiltinEnded = (): void => {
      if (started?.kind === 'builtin') runtime.builtins.delete(started.stop);
      instances.release(service, source);
    };
    let started: ReturnType<typeof serveConnection> | undefined;
    try {
      started = serveConnection(runtime.surface, service.prepared, client, onBuiltinEnded);
    } catch (error) {
      kernel.close(client.descriptor);
      onStartError(service, error, client.record);
      return;
    }
    // that a built-in could start says nothing of processes
    if (started.kind === 'process' || runtime.shortage.of === 'descriptors') runtime.shortage.failures = 0;
    instances.register(service, started, client, source, undefined);
  };

  /** Takes an admitted client, greets and answers it; false when it was refused and is still the caller's. */
  const enter = (service: RunningService, client: Accepted, greet?: () => void): boolean => {
    const source = admit(service, client.record);
    if (source === undefined) return false;
    greet?.();
    answer(service, client, source);
    return true;
  };

  /** The same for one that came through a listener. */
  const enterOrClose = (service: RunningService, client: Accepted): void => {
    if (!enter(service, client)) kernel.close(client.descriptor);
  };

  /** How many came and were answered or refused. */
  const acceptSome = ({ service, descriptor }: RunningListener, limit: number): number => {
    if (descriptor === undefined) return 0;
    const clients = kernel.accept(descriptor, limit);
    for (const client of clients) enterOrClose(service, client);
    return clients.length;
  };

  const acceptClients = (listener: RunningListener): void => {
    const room = makeRoom(listener.service);
    if (room === 0) return;
    try {
      // the first is answered before the kernel is asked for more: it may have shown that there is a shortage. Where
      // nearly nobody else is served there are none: epoll tells if there are after all, and sooner
      if (acceptSome(listener, 1) !== 1 || room === 1 || runtime.instances.size <= quiet) return;
      if (listener.isWatched) acceptSome(listener, room - 1);
    } catch (error) {
      shed(listener);
      onStartError(listener.service, error, undefined);
    }
  };

  /** Without a descriptor a client could neither be accepted nor told: the one in reserve is given up for the first. */
  const shed = (listener: RunningListener): void => {
    if (runtime.reserve === undefined || listener.descriptor === undefined) return;
    kernel.close(runtime.reserve);
    runtime.reserve = undefined;
    try {
      for (const { descriptor } of kernel.accept(listener.descriptor, 1)) kernel.close(descriptor);
      runtime.reserve = kernel.openNull();
    } catch (error) {
      // another thread or process was faster: the end of the shortage brings a new one
      if (!(error instanceof SystemError)) throw error;
    }
  };

  const startServer = (listener: RunningListener): void => {
    const { service, descriptor } = listener;
    if (makeRoom(service) === 0 || descriptor === undefined) return;
    takeStart(service.usage, service.prepared.service.limits.rate, clock.now());
    const waiting = lookAtQueue(kernel, listener.address, descriptor);
    try {
      const pid = serveWholeSocket(runtime.surface, service.prepared, descriptor);
      listener.owner = pid;
      instances.register(service, { kind: 'process', pid }, undefined, undefined, { listener, waiting });
      states.update(listener);
    } catch (error) {
      onStartError(service, error, undefined);
    }
  };

  /** A datagram whose sender gets an instance of its own: the socket that holds it, connected, and a new listener. */
  const startDatagramInstance = (listener: RunningListener): void => {
    const { service, descriptor } = listener;
    if (makeRoom(service) === 0 || descriptor === undefined) return;
    const first = kernel.receive(descriptor, noBytes, 'peek');
    if (first === undefined) return;
    const source = admit(service, first.record);
    if (source === undefined) {
      kernel.receive(descriptor, noBytes, 'take');
      return;
    }
    try {
      const claimed = claimDatagram(runtime, listener, first.record);
      states.update(listener);
      answer(service, { descriptor: claimed, record: first.record }, source);
    } catch (error) {
      onStartError(service, error, first.record);
    }
  };

  const onReady = (listener: RunningListener): void => {
    const { prepared } = listener.service;
    if (prepared.service.mode === 'whole-socket') startServer(listener);
    else if (listener.address.socketType !== 'dgram') acceptClients(listener);
    else if (prepared.service.answer.kind === 'program') startDatagramInstance(listener);
    else if (listener.descriptor !== undefined)
      serveDatagrams(runtime.surface, prepared, listener.descriptor);
  };

  /** Where the kernel has no room for an ordinary user's filter (EPERM), who comes between two calls is lost, but nobody else. */
  const ignoreNewClients = (descriptor: Descriptor): void => {
    try {
      kernel.ignoreNewClients(descriptor);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
  };

  /** Everybody who waits at a listener, and whose handshake is under way: on this machine they come within microseconds. */
  const takeQueue = (descriptor: Descriptor): readonly Accepted[] => {
    const taken: Accepted[] = [];
    try {
      for (let quietRounds = 0, round = 0; quietRounds < 100 && round < 4096; round++) {
        const clients = kernel.accept(descriptor, largestBatch);
        quietRounds = clients.length === 0 ? quietRounds + 1 : 0;
        taken.push(...clients);
      }
    } catch (error) {
      // out of descriptors: who cannot be taken now is lost with the listener
      if (!(error instanceof SystemError)) throw error;
    }
    return taken;
  };

  /**
   * What waits at a listener goes to the service that takes its place. `close` closes the listener between the last
   * accept and the first start, which takes longer than a client needs to connect.
   */
  const takeOver = (listener: RunningListener, successor: RunningService, close: () => void): void => {
    const { descriptor, address, owner, service } = listener;
    const isTaken = [service, successor].every(({ prepared }) => prepared.service.mode === 'per-connection');
    let clients: readonly Accepted[] = [];
    if (descriptor !== undefined && owner === undefined) {
      if (address.socketType === 'dgram') {
        moveDatagrams(runtime, successor.prepared.service.id, descriptor);
      } else if (isTaken) {
        if (address.kind === 'internet') ignoreNewClients(descriptor);
        clients = takeQueue(descriptor);
      }
    }
    close();
    for (const client of clients) enterOrClose(successor, client);
  };

  return { onReady, enter, takeOver };
};

/** What one call can accept. */
const largestBatch = 64;
const noBytes = new Uint8Array(0);
