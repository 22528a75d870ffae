// The accounts of clients: each that is taken from a queue is told of once here, and once more as what became of it.
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { observeRefusal } from './refusal.ts';
import type { RunningService, Runtime } from './running.ts';

/** At a sensor nobody is a client. */
export const observeAccepted = ({ observer }: Runtime, service: RunningService, count: number): void => {
  if (count === 0 || !observer.isWanted('accepted')) return;
  const { id, answer } = service.prepared.service;
  if (answer.kind !== 'sensor') observer.observe({ kind: 'accepted', service: id, count });
};

/** One that is taken from its queue to be turned away. */
export const observeTurnedAway = (
  runtime: Runtime,
  service: RunningService,
  reason: RefusalReason,
  record: ConnectionRecord | undefined,
  cause?: RefusalCause,
): void => {
  observeAccepted(runtime, service, 1);
  observeRefusal(runtime, service, reason, record, cause);
};
