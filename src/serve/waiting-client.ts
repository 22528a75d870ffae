// A client whose server is still coming up: what it says stays in the kernel, and it may go away or be sent away.
import type { RefusalReason } from '../model/event.ts';
import { peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import type { Accepted } from '../native/kernel.ts';
import { nothing, type Undo } from './steps.ts';
import type { Prepared, Surface } from './surface.ts';

/** `giveUp` is called when there is nobody to wait for any more, perhaps at once. What this gives ends the wait. */
export const waitWithClient = (
  { kernel, observer, enterWait }: Surface,
  prepared: Prepared,
  { descriptor, record }: Accepted,
  giveUp: () => void,
): Undo => {
  const refuse = (reason: RefusalReason): void => {
    if (observer.isWanted('refused')) {
      const service = prepared.service.id;
      const peer = peerOf(record);
      observer.observe({ kind: 'refused', service, reason, cause: undefined, peer, isBegun: true });
    }
    giveUp();
  };
  const leave = enterWait(prepared, () => refuse('draining'));
  if (leave === undefined) {
    refuse('instances');
    return nothing;
  }
  try {
    // an end of file is no reason to go: it may be all that the client has to say
    kernel.watch(
      descriptor,
      (isHangup) => {
        if (isHangup) giveUp();
      },
      'edge',
    );
  } catch (error) {
    // then it is found out when the server is there
    if (!(error instanceof SystemError)) throw error;
  }
  return () => {
    kernel.unwatch(descriptor);
    leave();
  };
};
