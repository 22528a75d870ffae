// Limits of a running service are changed by hand, until the next reload says again what its configuration says.
import { isAccepting } from '../model/address.ts';
import type { Tuning } from '../model/control.ts';
import type { Failure } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Runtime } from './running.ts';
import { noSuchService } from './steering-failures.ts';
import type { States } from './watch.ts';

/** More than a kernel has pids for (PID_MAX_LIMIT). */
const most = 4_194_304;

const names = { instances: 'instances', perSource: 'per-source' } as const;
const tunables = ['instances', 'perSource'] as const;

const show = (limit: number | undefined): string => (limit === undefined ? 'unlimited' : String(limit));

/** Where nobody counts clients one by one, there is nothing to limit. */
const refuseToTune = ({ id, mode, answer, addresses }: ResolvedService): Failure | undefined => {
  const refuse = (why: string): Failure => ({
    code: 'ENOTSUP',
    what: `${id} has no limits of clients: ${why}`,
  });
  if (mode === 'whole-socket') return refuse('its server has the whole socket and lets them in itself');
  if (answer.kind === 'sensor') return refuse('nobody is answered there');
  const isDatagramBuiltin = answer.kind === 'builtin' && addresses.some((each) => !isAccepting(each));
  return isDatagramBuiltin ? refuse('each datagram is answered at once') : undefined;
};

const refuseNumbers = (tuning: Tuning): Failure | undefined => {
  for (const which of tunables) {
    const value = tuning[which];
    if (value === undefined || value === null) continue;
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    const advice = value === 0 ? '; to let nobody in, pause the service' : '';
    const what = `${names[which]} must be a whole number from 1 to ${most}, or null for no limit, not ${value}${advice}`;
    return { code: 'EINVAL', what };
  }
  return undefined;
};

const tuned = (limits: Limits, { instances, perSource }: Tuning): Limits => ({
  ...limits,
  ...(instances === undefined ? {} : { instances: instances ?? undefined }),
  ...(perSource === undefined ? {} : { perSource: perSource ?? undefined }),
});

export const createTunings = ({ services }: Runtime, states: Pick<States, 'leaveHeld'>) => ({
  tune: (id: string, tuning: Tuning): Failure | undefined => {
    const service = services.get(id);
    if (service === undefined) return noSuchService(id);
    const refusal = refuseToTune(service.prepared.service) ?? refuseNumbers(tuning);
    if (refusal !== undefined) return refusal;
    service.limits = tuned(service.limits, tuning);
    // who waits for a place has one now, perhaps
    states.leaveHeld(service);
    return undefined;
  },

  tunings: (id: string): readonly string[] => {
    const service = services.get(id);
    if (service === undefined) return [];
    const configured = service.prepared.service.limits;
    return tunables.flatMap((which) => {
      const [before, now] = [configured[which], service.limits[which]];
      return before === now ? [] : [`${names[which]} ${show(before)} -> ${show(now)}`];
    });
  },
});
