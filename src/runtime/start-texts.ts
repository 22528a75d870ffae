// A start whose texts are not all known before it: files of variables are read, the instance gets its name.

import type { Failure } from '../model/event.ts';
import { type ConnectionRecord, localEndOf, peerOf } from '../model/record.ts';
import type { ResolvedService } from '../model/service.ts';
import { cookieOf } from '../native/cookie.ts';
import type { Accepted, Recipe } from '../native/kernel.ts';
import { localOf } from '../native/local-end.ts';
import { type InstanceTexts, instanceName, instanceTexts } from '../serve/instance-name.ts';
import { completeStart } from '../serve/start-texts.ts';
import type { RunningService, Runtime } from './running.ts';

/** What words may name of a connection; the rest of its variables are in the environment. */
const variablesOf = (record: ConnectionRecord): readonly (readonly [string, string])[] => {
  const peer = peerOf(record);
  const local = localEndOf(record);
  if (peer.kind !== 'internet') return [];
  return [
    ['REMOTE_ADDR', peer.host],
    ['REMOTE_PORT', String(peer.port)],
    ['TCPREMOTEIP', peer.host],
    ['TCPREMOTEPORT', String(peer.port)],
    ...(local === undefined
      ? []
      : ([
          ['TCPLOCALIP', local.host],
          ['TCPLOCALPORT', String(local.port)],
        ] as const)),
  ];
};

export type FoundRecipe =
  | { readonly kind: 'recipe'; readonly recipe: Recipe }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const createStartTexts = ({ kernel }: Runtime) => {
  /** How many connections of each service have been named. */
  const counts = new WeakMap<RunningService, number>();

  const instanceOf = (
    running: RunningService,
    { id }: ResolvedService,
    { descriptor }: Accepted,
    record: ConnectionRecord,
  ): InstanceTexts => {
    const count = counts.get(running) ?? 0;
    counts.set(running, count + 1);
    return instanceTexts(id, instanceName(count, record, cookieOf(descriptor)));
  };

  /** The recipe of this one start. */
  const recipeFor = async (running: RunningService, client: Accepted): Promise<FoundRecipe> => {
    const { service } = running.prepared;
    const record = localOf(client.descriptor, client.record);
    const completed = await completeStart(running.request(), service, service.startTexts?.command, {
      instance: instanceOf(running, service, client, record),
      known: variablesOf(record),
    });
    if (completed.kind === 'failed') return completed;
    return { kind: 'recipe', recipe: kernel.compileRecipe(completed.request) };
  };

  return { recipeFor };
};
