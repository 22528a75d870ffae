// That a client was turned away is told in one way, whoever did it.
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import { type ConnectionRecord, peerOf } from '../model/record.ts';
import type { RunningService, Runtime } from './running.ts';

export const observeRefusal = (
  { observer }: Runtime,
  service: RunningService,
  reason: RefusalReason,
  record: ConnectionRecord | undefined,
  cause?: RefusalCause,
): void => {
  if (!observer.isWanted('refused')) return;
  const peer = record === undefined ? undefined : peerOf(record);
  observer.observe({ kind: 'refused', service: service.prepared.service.id, reason, cause, peer });
};
