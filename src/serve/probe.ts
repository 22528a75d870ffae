// Finds out when a server takes connections by connecting to it: for those that do not say so themselves.
import type { ConnectAddress } from '../model/address.ts';
import type { Failure } from '../model/event.ts';
import { type Milliseconds, milliseconds, showDuration } from '../model/quantity.ts';
import { showTarget } from '../native/relay.ts';
import { connectAgain, connectFirst } from './connect.ts';
import type { Undo } from './steps.ts';
import type { Surface } from './surface.ts';

/** A try is a few system calls; a start that takes longer than this is not made noticeably longer by it. */
const longestPause = milliseconds(20);
/** On this machine an answer comes at once or not at all. */
const patience = milliseconds(1_000);
const forever = milliseconds(Number.MAX_SAFE_INTEGER);

/**
 * Connects until one of the addresses answers, and hangs up. `onDone` is called once, perhaps before this returns: with
 * a failure where nobody has answered by the limit. What this gives takes the question back.
 */
export const probe = (
  { kernel, clock }: Pick<Surface, 'kernel' | 'clock'>,
  targets: readonly ConnectAddress[],
  limit: Milliseconds | undefined,
  onDone: (failure: Failure | undefined) => void,
): Undo =>
  connectAgain(
    clock,
    { timeout: patience, retryFor: limit ?? forever, longestPause },
    (tell) => connectFirst({ kernel, clock }, targets, patience, tell),
    (outcome) => {
      if (outcome.kind === 'connected') {
        kernel.close(outcome.descriptor);
        onDone(undefined);
        return;
      }
      const last = outcome.kind === 'failed' ? outcome.failures.at(-1) : undefined;
      const where = targets.map(showTarget).join(' or ');
      const within = limit === undefined ? '' : ` within ${showDuration(limit)}`;
      const reason = last === undefined ? '' : ` (${last.message})`;
      onDone({ code: last?.code ?? 'ETIMEDOUT', what: `nobody answers at ${where}${within}${reason}` });
    },
  );
