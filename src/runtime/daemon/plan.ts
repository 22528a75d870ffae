// What a daemon is by the configuration of this moment: the same for a whole run, whatever a reload says meanwhile.
import type { Daemon, Lifetime } from '../../model/daemon.ts';
import { plainLifetime } from '../../model/daemon.ts';
import type { Failure } from '../../model/event.ts';
import type { ResolvedService } from '../../model/service.ts';
import { type Shape, shapeOf } from './state.ts';

export type Plan = {
  readonly service: ResolvedService;
  readonly daemon: Daemon;
  readonly lifetime: Lifetime;
  readonly shape: Shape;
  /** Of the main program, for messages. */
  readonly file: string;
};

const fileOf = ({ id, answer }: ResolvedService): string => {
  if (answer.kind === 'program') return answer.file;
  return answer.kind === 'relay' && answer.backend !== undefined ? answer.backend.file : id;
};

/** undefined: it has no daemon. */
export const planOf = (service: ResolvedService): Plan | undefined => {
  const { daemon, lifetime = plainLifetime } = service;
  if (daemon === undefined) return undefined;
  return { service, daemon, lifetime, shape: shapeOf(daemon, lifetime.ending.kills), file: fileOf(service) };
};

/** Why a daemon cannot read its configuration again now; undefined: it can. */
export const refuseReload = (
  id: string,
  state: { readonly kind: string },
  plan: Plan | undefined,
): Failure | undefined => {
  if (plan === undefined || state.kind !== 'running') return { code: 'ESRCH', what: `${id} does not run` };
  const isPossible = plan.daemon.type === 'notify-reload' || plan.daemon.reload.length > 0;
  return isPossible ? undefined : { code: 'ENOTSUP', what: `${id} has no command for a reload; restart it` };
};
