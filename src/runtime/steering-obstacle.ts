// What keeps everybody out of a service now, whoever they are, or makes them wait.
import { refuses, type Step } from '../admission/explain-access.ts';
import type { RefusalReason } from '../model/event.ts';
import { isLent, type RunningService, type Runtime } from './running.ts';
import { isCrowded } from './visitors.ts';

export type Obstacle = {
  readonly verdict: 'admit' | 'refuse' | 'hold';
  readonly reason: RefusalReason | null;
  readonly step: Step;
};

const waits = 'clients wait in the queue of the kernel';

/** undefined: nothing is in the way but its limits. */
export const findObstacle = (
  runtime: Pick<Runtime, 'instances' | 'processLimit' | 'shortage'>,
  service: RunningService,
): Obstacle | undefined => {
  const { listeners, prepared, daemon, suspension, isPaused } = service;
  const { mux, answer } = prepared.service;
  const hasQueue = listeners.size > 0;
  const hold = (reason: RefusalReason | null, test: string, why: string): Obstacle =>
    hasQueue
      ? { verdict: 'hold', reason, step: refuses(test, `${why}: ${waits}`) }
      : { verdict: 'refuse', reason, step: refuses(test, why) };
  const isOpen = [...listeners].some(({ descriptor }) => descriptor !== undefined);
  if (!isOpen && mux === undefined) {
    const isShut = suspension !== undefined;
    const why = isShut
      ? 'its sockets are closed until its suspension is over'
      : 'none of its sockets is open';
    return { verdict: 'refuse', reason: isShut ? 'suspended' : null, step: refuses('sockets', why) };
  }
  const lent = [...listeners].find(isLent);
  if (lent !== undefined) {
    const pid = lent.owner ?? lent.holder?.mainPid();
    const why = `${pid === undefined ? 'its server' : `pid ${pid}`} has the socket and lets clients in itself`;
    return { verdict: 'admit', reason: null, step: { test: 'server', result: 'passes', why } };
  }
  if (runtime.instances.size >= runtime.processLimit && !hasQueue)
    return hold('processes', 'processes', `${runtime.processLimit} of all services run`);
  if (isPaused) return hold('suspended', 'paused', 'it is paused by hand');
  if (suspension !== undefined) return hold('suspended', 'suspended', 'it is suspended for a while');
  if (daemon?.isPausing() === true && prepared.service.mode === 'whole-socket')
    return hold(null, 'daemon', 'its daemon waits for its next start');
  if ([...listeners].some(({ respawning }) => respawning.cancel !== undefined))
    return hold(null, 'server', 'its server waits for its next start');
  const { shortage } = runtime;
  if (shortage.cancel !== undefined && (shortage.of === 'descriptors' || answer.kind === 'program'))
    return hold(shortage.of, 'shortage', `acceptd is out of ${shortage.of}`);
  if (isCrowded(service)) return hold('instances', 'backend', 'too many wait for its backend already');
  if (runtime.instances.size >= runtime.processLimit && prepared.service.mode === 'per-connection')
    return {
      verdict: 'refuse',
      reason: 'processes',
      step: refuses('processes', `${runtime.processLimit} of all services run`),
    };
  return undefined;
};
