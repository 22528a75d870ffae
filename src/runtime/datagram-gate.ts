// May the sender of the datagram at the head of a queue be served? While that is found out, the queue waits.

import type { WrapperFacts } from '../admission/wrapper-facts.ts';
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import type { ResolvedService } from '../model/service.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import { observeTurnedAway } from './accepted.ts';
import type { Effects } from './effects.ts';
import type { Gate } from './gate.ts';
import { type Questions, withoutAnswer } from './questions.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';
import type { States } from './watch.ts';

const noBytes = new Uint8Array(0);
/** What is thrown away before others have their turn. */
const batch = 16;

export const createDatagramGate = (
  runtime: Runtime,
  states: States,
  gate: Gate,
  questions: Questions,
  effects: Effects,
) => {
  const { kernel } = runtime;

  /** What was found out about whoever is at the head. */
  const answers = new WeakMap<RunningListener, WrapperFacts>();

  const drop = (
    listener: RunningListener,
    record: ConnectionRecord,
    reason: RefusalReason,
    cause: RefusalCause | undefined,
  ): void => {
    observeTurnedAway(runtime, listener.service, reason, record, cause);
    if (listener.descriptor !== undefined) kernel.receive(listener.descriptor, noBytes, 'take');
  };

  /**
   * What has to be done for the sender; undefined when the datagram at the head was dropped, or when its turn comes
   * later: then the listener is ready again.
   */
  const passes = (
    listener: RunningListener,
    record: ConnectionRecord,
  ): readonly WrapperEffect[] | undefined => {
    const { service } = listener;
    const { judgement, facts } = gate.judge(service, record, undefined, answers.get(listener));
    answers.delete(listener);
    if (judgement.kind === 'admit') return judgement.effects;
    if (judgement.kind === 'refuse') {
      effects.apply(service, judgement.effects, undefined, record);
      drop(listener, record, judgement.reason, judgement.cause);
      return undefined;
    }
    listener.isAsking = true;
    states.update(listener);
    void questions
      .ask(judgement.question, { service, record, connection: undefined }, facts)
      .then((answered) => {
        listener.isAsking = false;
        answers.set(listener, answered ?? withoutAnswer(judgement, facts));
        states.update(listener);
      });
    return undefined;
  };

  /** The same where many are answered one after the other: nobody waits, and who must be asked about may send again. */
  const mayAnswer = (service: RunningService, record: ConnectionRecord): boolean => {
    const { judgement, facts } = gate.judge(service, record, undefined);
    if (judgement.kind === 'admit') {
      effects.apply(service, judgement.effects, undefined, record);
      return true;
    }
    if (judgement.kind === 'refuse')
      observeTurnedAway(runtime, service, judgement.reason, record, judgement.cause);
    else void questions.ask(judgement.question, { service, record, connection: undefined }, facts);
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

/** Where a datagram built-in could be sent its own answers. */
export const builtinDatagramPorts = (services: readonly ResolvedService[]): ReadonlySet<number> =>
  new Set(
    services
      .filter(({ answer }) => answer.kind === 'builtin')
      .flatMap(({ addresses }) => addresses)
      .flatMap((address) =>
        address.kind === 'internet' && address.socketType === 'dgram' ? [address.port] : [],
      ),
  );
