// A service is paused by somebody's wish, until it is resumed: nobody new is let in, and what runs goes on.
import { showAddress } from '../model/address.ts';
import type { Failure } from '../model/event.ts';
import { isLent, type Runtime } from './running.ts';
import { noSuchService } from './steering-failures.ts';
import type { States } from './watch.ts';

export const createPauses = ({ services }: Runtime, states: Pick<States, 'updateService'>) => {
  const set = (id: string, isPaused: boolean): Failure | undefined => {
    const service = services.get(id);
    if (service === undefined) return noSuchService(id);
    service.isPaused = isPaused;
    states.updateService(service);
    if (!isPaused) service.daemon?.resume();
    return undefined;
  };

  /** Who goes on letting clients in: a server keeps the socket that it has. undefined: nobody does. */
  const pauseRemark = (id: string): string | undefined => {
    const lent = [...(services.get(id)?.listeners ?? [])].filter(isLent);
    if (lent.length === 0) return undefined;
    const places = lent.map(({ address }) => showAddress(address)).join(', ');
    const pids = new Set(lent.map(({ owner, holder }) => owner ?? holder?.mainPid()));
    const whom = [...pids].flatMap((pid) => (pid === undefined ? [] : [`pid ${pid}`])).join(', ');
    return `${whom === '' ? 'its server' : whom} keeps ${places} until it ends`;
  };

  return {
    pause: (id: string): Failure | undefined => set(id, true),
    resume: (id: string): Failure | undefined => set(id, false),
    pauseRemark,
  };
};
