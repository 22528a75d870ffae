// Tells the observers that a built-in began and how it ended, where anybody wants to know.
import type { Event } from '../../model/event.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../../model/record.ts';
import type { Prepared, Surface } from '../surface.ts';

export type Outcome = Extract<Event, { readonly kind: 'builtin-ended' }>['outcome'];

/** Reports the begin now; the function it gives reports the end. */
export const reportBuiltin = (
  { observer, clock }: Surface,
  prepared: Prepared,
  record: ConnectionRecord,
  /** Of one that has begun before us. */
  begun?: Milliseconds,
): ((outcome: Outcome) => void) => {
  const service = prepared.service.id;
  const startedAt = begun ?? clock.now();
  if (begun === undefined && observer.isWanted('builtin-started')) {
    observer.observe({ kind: 'builtin-started', service, peer: peerOf(record) });
  }
  return (outcome) => {
    if (!observer.isWanted('builtin-ended')) return;
    const duration = milliseconds(clock.now() - startedAt);
    observer.observe({ kind: 'builtin-ended', service, peer: peerOf(record), duration, outcome });
  };
};
