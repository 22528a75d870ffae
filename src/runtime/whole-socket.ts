// A server is started for a whole socket: when somebody waits there, and may.
import { judgeMoment } from '../admission/judge.ts';
import { enterInstance, giveBackStart, takeStart } from '../admission/limits.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import { serveWholeSocket } from '../serve/serve.ts';
import { observeAccepted, observeTurnedAway } from './accepted.ts';
import type { Answers } from './answers.ts';
import type { DatagramGate } from './datagram-gate.ts';
import type { Effects } from './effects.ts';
import type { Gate } from './gate.ts';
import type { Instances } from './instances.ts';
import { lookAtQueue, needsCloseLook } from './queue.ts';
import type { RunningListener, Runtime } from './running.ts';
import type { States } from './watch.ts';

const noBytes = new Uint8Array(0);

/** Who waits first, as far as anybody knows. */
type First = { readonly record: ConnectionRecord | undefined; readonly effects: readonly WrapperEffect[] };

/** How long clients wait before time and load are looked at again: nobody can be turned away there. */
const secondLook: Milliseconds = seconds(10);

export const createWholeSocket = (
  runtime: Runtime,
  states: States,
  instances: Instances,
  answers: Answers,
  gate: Gate,
  datagrams: DatagramGate,
  effects: Effects,
) => {
  const { kernel, clock } = runtime;

  /** The sender of the datagram at the head, if it may be served. */
  const firstClient = (listener: RunningListener, descriptor: Descriptor): First | undefined => {
    if (listener.address.socketType !== 'dgram') return strangerOf(listener);
    const first = kernel.receive(descriptor, noBytes, 'peek');
    if (first === undefined) return undefined;
    const found = datagrams.passes(listener, first.record);
    return found && { record: first.record, effects: found };
  };

  /** hosts.allow and hosts.deny have a word for a client that nobody knows. Where it is kept out, nobody can be let in. */
  const strangerOf = ({ service }: RunningListener): First | undefined => {
    const { judgement } = gate.judge(service, undefined, undefined);
    if (judgement.kind === 'admit') return { record: undefined, effects: judgement.effects };
    if (judgement.kind === 'ask') throw new Error('nothing can be asked about a client whom nobody knows');
    observeTurnedAway(runtime, service, judgement.reason, undefined, judgement.cause);
    states.enterSuspended(service, judgement.reason, secondLook);
    return undefined;
  };

  /** Whether this is the time for it; otherwise the service is suspended. */
  const isOpen = ({ service }: RunningListener): boolean => {
    if (service.rules === undefined) return true;
    const judgement = judgeMoment(service.rules.access, gate.circumstances);
    if (judgement.kind !== 'refuse') return true;
    observeTurnedAway(runtime, service, judgement.reason, undefined);
    states.enterSuspended(service, judgement.reason, secondLook);
    return false;
  };

  /** `makeRoom` has found room already. */
  const startServer = (listener: RunningListener): void => {
    const { service, descriptor } = listener;
    if (descriptor === undefined || !isOpen(listener)) return;
    const client = firstClient(listener, descriptor);
    if (client === undefined) return;
    takeStart(service.usage, service.limits.rate, clock.now());
    if (service.daemon !== undefined) {
      effects.apply(service, client.effects, undefined, client.record);
      service.daemon.trigger();
      return;
    }
    const isClose = needsCloseLook(listener.respawning);
    const waiting = lookAtQueue(kernel, listener.address, descriptor, isClose);
    enterInstance(service.usage, undefined);
    const { recipe } = effects.apply(service, client.effects, undefined, client.record);
    const prepared = recipe === undefined ? service.prepared : { service: service.prepared.service, recipe };
    try {
      const pid = serveWholeSocket(runtime.surface, prepared, descriptor, client.record);
      runtime.shortage.failures = 0;
      observeAccepted(runtime, service, 1);
      listener.owner = pid;
      const lent = { listener, waiting };
      instances.register(service, { kind: 'process', pid }, client.record, undefined, lent);
      states.update(listener);
    } catch (error) {
      instances.release(service, undefined);
      if (answers.enterShortage(error)) {
        // whoever waits was not taken from the queue, so nobody is refused
        giveBackStart(service.usage, service.limits.rate);
        return;
      }
      observeAccepted(runtime, service, 1);
      answers.onStartError(service, error, undefined);
    }
  };

  return { startServer };
};

export type WholeSocket = ReturnType<typeof createWholeSocket>;
