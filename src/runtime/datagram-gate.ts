// May the sender of the datagram at the head of a queue be served? While that is found out, the queue waits.
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import type { Gate } from './gate.ts';
import type { Questions } from './questions.ts';
import { observeRefusal } from './refusal.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import type { States } from './watch.ts';

const noBytes = new Uint8Array(0);
/** What is thrown away before others have their turn. */
const batch = 16;

export const createDatagramGate = (runtime: Runtime, states: States, gate: Gate, questions: Questions) => {
  const { kernel } = runtime;

  const drop = (
    listener: RunningListener,
    record: ConnectionRecord,
    reason: RefusalReason,
    cause: RefusalCause | undefined,
  ): void => {
    observeRefusal(runtime, listener.service, reason, record, cause);
    if (listener.descriptor !== undefined) kernel.receive(listener.descriptor, noBytes, 'take');
  };

  /** False when the datagram at the head was dropped, or when its turn comes later: then the listener is ready again. */
  const passes = (listener: RunningListener, record: ConnectionRecord): boolean => {
    const { judgement, facts } = gate.judge(listener.service, record);
    if (judgement.kind === 'admit') return true;
    if (judgement.kind === 'refuse') {
      drop(listener, record, judgement.reason, judgement.cause);
      return false;
    }
    listener.isAsking = true;
    states.update(listener);
    void questions.ask(judgement.question, record, undefined, facts).then((answered) => {
      listener.isAsking = false;
      // with the answer in the cache the next look decides; without one this sender is not served
      if (answered === undefined) drop(listener, record, 'access', 'unanswered');
      states.update(listener);
    });
    return false;
  };

  /** The same where many are answered one after the other: nobody waits, and who must be asked about may send again. */
  const mayAnswer = (service: RunningService, record: ConnectionRecord): boolean => {
    const { judgement, facts } = gate.judge(service, record);
    if (judgement.kind === 'admit') return true;
    if (judgement.kind === 'refuse')
      observeRefusal(runtime, service, judgement.reason, record, judgement.cause);
    else void questions.ask(judgement.question, record, undefined, facts);
    return false;
  };

  /** What comes to a sensor is told and thrown away. Its sender may be forged, so nobody is kept out for it. */
  const swallow = ({ service, descriptor }: RunningListener): void => {
    if (descriptor === undefined) return;
    for (let count = 0; count < batch; count++) {
      const received = kernel.receive(descriptor, noBytes, 'take');
      if (received === undefined) return;
      if (!runtime.observer.isWanted('trapped')) continue;
      const peer = peerOf(received.record);
      runtime.observer.observe({
        kind: 'trapped',
        service: service.prepared.service.id,
        peer,
        denyTime: undefined,
      });
    }
  };

  return { passes, mayAnswer, swallow };
};

export type DatagramGate = ReturnType<typeof createDatagramGate>;
