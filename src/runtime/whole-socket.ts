// A server is started for a whole socket: when somebody waits there, and may.
import { judgeMoment } from '../admission/judge.ts';
import { enterInstance, takeStart } from '../admission/limits.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { serveWholeSocket } from '../serve/serve.ts';
import type { Answers } from './answers.ts';
import type { DatagramGate } from './datagram-gate.ts';
import type { Gate } from './gate.ts';
import type { Instances } from './instances.ts';
import { lookAtQueue } from './queue.ts';
import { observeRefusal } from './refusal.ts';
import type { RunningListener, Runtime } from './running.ts';
import type { States } from './watch.ts';

const noBytes = new Uint8Array(0);

/** How long clients wait before time and load are looked at again: nobody can be turned away there. */
const secondLook: Milliseconds = seconds(10);

export const createWholeSocket = (
  runtime: Runtime,
  states: States,
  instances: Instances,
  answers: Answers,
  gate: Gate,
  datagrams: DatagramGate,
) => {
  const { kernel, clock } = runtime;

  /** The sender of the datagram at the head, if it may be served; of a stream nobody knows yet who waits. */
  const firstClient = (
    listener: RunningListener,
    descriptor: Descriptor,
  ): { readonly record: ConnectionRecord | undefined } | undefined => {
    if (listener.address.socketType !== 'dgram') return { record: undefined };
    const first = kernel.receive(descriptor, noBytes, 'peek');
    if (first === undefined || !datagrams.passes(listener, first.record)) return undefined;
    return { record: first.record };
  };

  /** Whether this is the time for it; otherwise the service is suspended. */
  const isOpen = ({ service }: RunningListener): boolean => {
    if (service.rules === undefined) return true;
    const judgement = judgeMoment(service.rules.access, gate.circumstances);
    if (judgement.kind !== 'refuse') return true;
    observeRefusal(runtime, service, judgement.reason, undefined);
    states.enterSuspended(service, judgement.reason, secondLook);
    return false;
  };

  /** `makeRoom` has found room already. */
  const startServer = (listener: RunningListener): void => {
    const { service, descriptor } = listener;
    if (descriptor === undefined || !isOpen(listener)) return;
    const client = firstClient(listener, descriptor);
    if (client === undefined) return;
    takeStart(service.usage, service.prepared.service.limits.rate, clock.now());
    const waiting = lookAtQueue(kernel, listener.address, descriptor);
    enterInstance(service.usage, undefined);
    try {
      const pid = serveWholeSocket(runtime.surface, service.prepared, descriptor, client.record);
      listener.owner = pid;
      const lent = { listener, waiting };
      instances.register(service, { kind: 'process', pid }, client.record, undefined, lent);
      states.update(listener);
    } catch (error) {
      answers.onStartError(service, error, undefined);
      instances.release(service, undefined);
    }
  };

  return { startServer };
};

export type WholeSocket = ReturnType<typeof createWholeSocket>;
