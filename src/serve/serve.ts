// Who answers a client: the one switch from a service to its starter.
import type { Descriptor } from '../model/descriptor.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { Accepted, Recipe } from '../native/kernel.ts';
import { serveBuiltinDatagrams } from './builtin/datagram.ts';
import { startStreamBuiltin } from './builtin/stream.ts';
import { startRelay } from './relay.ts';
import type { Prepared, ServeDatagrams, Start, Started, Surface } from './surface.ts';

/** Starts the answer to one accepted client. Throws SystemError when no process can be made; the client is still ours then. */
export const serveConnection: Start = (surface, prepared, client, onEnded, saved) => {
  const { answer } = prepared.service;
  switch (answer.kind) {
    case 'program':
      return startRecipe(surface, recipeOf(prepared), client);
    case 'builtin':
      return startStreamBuiltin(surface, prepared, client, onEnded, saved);
    case 'relay':
      return startRelay(surface, prepared, client, onEnded, saved);
    case 'sensor':
      throw new Error(`${prepared.service.id}: a ${answer.kind} is not served yet`);
  }
};

/** One exec for one client; how that went comes back with the end of the process. */
export const startRecipe = (surface: Surface, recipe: Recipe, client: Accepted): Started => ({
  kind: 'process',
  pid: surface.kernel.spawn(recipe, client.descriptor, client.record, 'give'),
});

/** Hands the listener itself to a server, with the sender of what waits first where that is a datagram; it is ours again when the process has ended. */
export const serveWholeSocket = (
  surface: Surface,
  prepared: Prepared,
  listener: Descriptor,
  sender: ConnectionRecord | undefined,
): number => surface.kernel.spawn(recipeOf(prepared), listener, sender, 'keep');

const recipeOf = (prepared: Prepared): Recipe => {
  if (prepared.recipe === undefined) throw new Error(`${prepared.service.id} has no program`);
  return prepared.recipe;
};

export const serveDatagrams: ServeDatagrams = (surface, prepared, listener) =>
  serveBuiltinDatagrams(surface, prepared, listener);
