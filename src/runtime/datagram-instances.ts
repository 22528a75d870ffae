// Datagram nowait: a sender whose datagram waits gets an instance of its own, within the limits.
import { admitClient } from '../admission/admit.ts';
import { enterInstance } from '../admission/limits.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type ConnectionRecord, sourceOf } from '../model/record.ts';
import { observeAccepted, observeTurnedAway } from './accepted.ts';
import type { Answers } from './answers.ts';
import { claimDatagram } from './datagram.ts';
import type { DatagramGate } from './datagram-gate.ts';
import type { Effects } from './effects.ts';
import type { RunningListener, Runtime } from './running.ts';
import type { States } from './watch.ts';

const noBytes = new Uint8Array(0);

export const createDatagramInstances = (
  runtime: Runtime,
  states: States,
  answers: Answers,
  gate: DatagramGate,
  effects: Effects,
) => {
  const { kernel, clock } = runtime;

  /** The socket that holds the datagram goes to the instance, connected to its sender, and a new one becomes the listener. */
  const startInstance = (listener: RunningListener): void => {
    const { service, descriptor } = listener;
    if (descriptor === undefined) return;
    const first = kernel.receive(descriptor, noBytes, 'peek');
    if (first === undefined) return;
    const found = gate.passes(listener, first.record);
    if (found === undefined) return;
    const { limits } = service;
    const { id } = service.prepared.service;
    const source = sourceOf(first.record, limits.sourcePrefix);
    const request = { service: id, limits, source };
    const verdict = admitClient(request, service.usage, runtime.sourceRates, clock.now());
    if (verdict.kind === 'refuse') {
      observeTurnedAway(runtime, service, verdict.reason, first.record);
      kernel.receive(descriptor, noBytes, 'take');
      if (verdict.reason === 'rate' && limits.onRate === 'close') states.enterSuspended(service, 'rate');
      return;
    }
    const claimed = claim(listener, first.record);
    if (claimed === undefined) return;
    enterInstance(service.usage, source);
    const { recipe } = effects.apply(service, found, undefined, first.record);
    answers.start(service, { descriptor: claimed, record: first.record }, source, recipe);
  };

  /** Takes the datagram at the head with its socket; undefined where that fails, and in a shortage it waits on. */
  const claim = (listener: RunningListener, record: ConnectionRecord): Descriptor | undefined => {
    const { service, descriptor } = listener;
    try {
      const claimed = claimDatagram(runtime, listener, record);
      observeAccepted(runtime, service, 1);
      return claimed;
    } catch (error) {
      const isStillThere = listener.descriptor === descriptor;
      if (isStillThere && answers.enterShortage(error)) return undefined;
      // it would come again and again
      if (isStillThere && descriptor !== undefined) kernel.receive(descriptor, noBytes, 'take');
      observeAccepted(runtime, service, 1);
      answers.onStartError(service, error, record);
      return undefined;
    } finally {
      states.update(listener);
    }
  };

  return { startInstance };
};

export type DatagramInstances = ReturnType<typeof createDatagramInstances>;
