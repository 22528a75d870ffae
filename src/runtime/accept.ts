// A listener is ready: its clients are taken from the queue, a bounded number, and shown to the reception.
import { roomFor } from '../admission/admit.ts';
import type { Limits } from '../model/limits.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted } from '../native/kernel.ts';
import { mannerOf } from '../serve/builtin/tcpmux.ts';
import { serveDatagrams } from '../serve/serve.ts';
import { observeAccepted } from './accepted.ts';
import type { Answers } from './answers.ts';
import type { DatagramGate } from './datagram-gate.ts';
import type { DatagramInstances } from './datagram-instances.ts';
import type { Manner, Reception } from './reception.ts';
import {
  countAnswers,
  type Heard,
  type RunningListener,
  type RunningService,
  type Runtime,
} from './running.ts';
import { type SocketOption, tryOptions } from './socket-options.ts';
import { isCrowded, mostOfOneService } from './visitors.ts';
import type { States } from './watch.ts';
import type { WholeSocket } from './whole-socket.ts';

/** Clients of one listener in one turn of the loop; the others' turn comes before its next. */
const batch = 16;
/** Instances of a server whose clients come one after the other: the new one, and one that has not been reaped yet. */
const quiet = 2;

/** Those of services whose servers get the whole socket, made once for each of their limits. */
const wholeSocketLimits = new WeakMap<Limits, Limits>();

/** Each socket has one server at a time, whatever runs at the service's others; and nobody can be refused there. */
const limitsOfWholeSocket = (limits: Limits): Limits => {
  const known = wholeSocketLimits.get(limits);
  if (known !== undefined) return known;
  const applied: Limits = {
    ...limits,
    instances: limits.instances === 0 ? 0 : undefined,
    onLimit: 'hold',
    onRate: 'wait',
  };
  wholeSocketLimits.set(limits, applied);
  return applied;
};

/** Room for clients of a service, after entering the state that says why there is none. */
export const createRoom =
  (runtime: Runtime, states: States) =>
  (service: RunningService): number => {
    const { limits } = service;
    const { mode } = service.prepared.service;
    const applied = mode === 'whole-socket' ? limitsOfWholeSocket(limits) : limits;
    // those who wait for one backend, beyond a number, do so in the kernel's queue
    if (isCrowded(service)) {
      states.enterHeld(service, mostOfOneService);
      return 0;
    }
    const room = roomFor(service.usage, applied, runtime.clock.now());
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

export const createAcceptance = (
  runtime: Runtime,
  makeRoom: (service: RunningService) => number,
  answers: Answers,
  reception: Reception,
  wholeSocket: WholeSocket,
  datagrams: DatagramInstances,
  gate: DatagramGate,
) => {
  const { kernel } = runtime;

  /** Of one that came through a listener. */
  const closing: Manner = {
    through: 'listener',
    greet: undefined,
    onRefused: ({ descriptor }) => kernel.close(descriptor),
  };
  const enter = (service: RunningService, client: Accepted, heard?: Heard): void =>
    reception.enter(service, client, closing, heard);

  /** How many came and were answered or refused. */
  const acceptSome = ({ service, descriptor, acceptedOptions }: RunningListener, limit: number): number => {
    if (descriptor === undefined) return 0;
    const clients = kernel.accept(descriptor, limit);
    observeAccepted(runtime, service, clients.length);
    if (acceptedOptions.length > 0) for (const client of clients) tune(client, acceptedOptions);
    for (const client of clients) enter(service, client);
    return clients.length;
  };

  /** What could not be set on the listener was told when it was opened. */
  const tune = ({ descriptor }: Accepted, options: readonly SocketOption[]): void =>
    tryOptions(kernel, descriptor, options, () => undefined);

  const acceptClients = (listener: RunningListener): void => {
    const room = makeRoom(listener.service);
    if (room === 0) return;
    try {
      // the first is answered before the kernel is asked for more: it may have shown that there is a shortage. Where
      // nearly nobody else is served there are none: epoll tells if there are after all, and sooner
      if (acceptSome(listener, 1) !== 1 || room === 1 || countAnswers(runtime) <= quiet) return;
      if (listener.isWatched) acceptSome(listener, room - 1);
    } catch (error) {
      onAcceptError(listener, error);
    }
  };

  /** Where nobody could be turned away, nobody is told of as refused: the clients still wait. */
  const onAcceptError = (listener: RunningListener, error: unknown): void => {
    const client = shed(listener);
    const isSensor = listener.service.prepared.service.answer.kind === 'sensor';
    if ((client === undefined || isSensor) && answers.enterShortage(error)) return;
    observeAccepted(runtime, listener.service, 1);
    answers.onStartError(listener.service, error, client?.record);
  };

  /** Without a descriptor a client could neither be accepted nor told: the one in reserve is given up for the first. */
  const shed = (listener: RunningListener): Accepted | undefined => {
    if (runtime.reserve === undefined || listener.descriptor === undefined) return undefined;
    kernel.close(runtime.reserve);
    runtime.reserve = undefined;
    let client: Accepted | undefined;
    try {
      [client] = kernel.accept(listener.descriptor, 1);
      if (client !== undefined) kernel.close(client.descriptor);
      runtime.reserve = kernel.openNull();
    } catch (error) {
      // another thread or process was faster: the end of the shortage brings a new one
      if (!(error instanceof SystemError)) throw error;
    }
    return client;
  };

  const onReady = (listener: RunningListener): void => {
    const { prepared } = listener.service;
    if (prepared.service.mode === 'whole-socket') {
      if (makeRoom(listener.service) > 0) wholeSocket.startServer(listener);
    } else if (listener.address.socketType !== 'dgram') acceptClients(listener);
    else if (prepared.service.answer.kind === 'sensor') gate.swallow(listener);
    else if (prepared.service.answer.kind === 'program') {
      if (makeRoom(listener.service) > 0) datagrams.startInstance(listener);
    } else if (listener.descriptor !== undefined)
      serveDatagrams(runtime.surface, prepared, listener.descriptor);
  };

  /** A client that the version before us has read the name of. */
  const enterMux = (service: RunningService, client: Accepted, heard: Heard): void => {
    const { id } = service.prepared.service;
    const member = runtime.surface.muxMembers().find(({ prepared }) => prepared.service.id === id);
    reception.enter(service, client, member === undefined ? closing : mannerOf(kernel, member), heard);
  };

  return { onReady, enter, enterMux };
};

export type Acceptance = ReturnType<typeof createAcceptance>;
