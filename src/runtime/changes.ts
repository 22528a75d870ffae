// What a reload does, said in words: which sockets open and close, which services come, change and go.
import { type ListenAddress, showAddress } from '../model/address.ts';
import type { ReloadChanges } from '../model/control.ts';
import type { Pieces } from '../model/pieces.ts';
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
export function* changesOf(
  plan: Plan,
  before: ReadonlyMap<string, ResolvedService>,
  wanted: readonly ResolvedService[],
  ownerOf: (key: string) => string,
): Pieces<ReloadChanges> {
  const stays = new Set(wanted.map(({ id }) => id));
  const opens = plan.open.map(({ service, address }) => say(service.id, address));
  yield;
  const closes = plan.close.map(({ key, address }) => say(ownerOf(key), address));
  yield;
  const added: string[] = [];
  const changed: string[] = [];
  for (const service of wanted) {
    const running = before.get(service.id);
    if (running === undefined) added.push(service.id);
    else if (!isSameService(running, service)) changed.push(service.id);
    yield;
  }
  const removed = [...before.keys()].filter((id) => !stays.has(id));
  return { opens, closes, kept: plan.keep.length, added, changed, removed };
}
