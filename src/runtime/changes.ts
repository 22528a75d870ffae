// What a reload does, said in words: which sockets open and close, which services come, change and go.
import { type ListenAddress, showAddress } from '../model/address.ts';
import type { ReloadChanges } from '../model/control.ts';
import type { ResolvedService } from '../model/service.ts';
import { isSameService, type Plan } from './plan.ts';

export const noChanges = (kept: number): ReloadChanges => ({
  opens: [],
  closes: [],
  kept,
  added: [],
  changed: [],
  removed: [],
});

const say = (service: string, address: ListenAddress): ReloadChanges['opens'][number] => ({
  service,
  address: showAddress(address),
});

/** `before`: the services that run, by id; `ownerOf`: whose a listener is that will be closed. */
export const changesOf = (
  plan: Plan,
  before: ReadonlyMap<string, ResolvedService>,
  wanted: readonly ResolvedService[],
  ownerOf: (key: string) => string,
): ReloadChanges => {
  const stays = new Set(wanted.map(({ id }) => id));
  return {
    opens: plan.open.map(({ service, address }) => say(service.id, address)),
    closes: plan.close.map(({ key, address }) => say(ownerOf(key), address)),
    kept: plan.keep.length,
    added: wanted.flatMap(({ id }) => (before.has(id) ? [] : [id])),
    changed: wanted.flatMap((service) => {
      const running = before.get(service.id);
      return running === undefined || isSameService(running, service) ? [] : [service.id];
    }),
    removed: [...before.keys()].filter((id) => !stays.has(id)),
  };
};
