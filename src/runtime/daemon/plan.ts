// What a daemon is by the configuration of this moment: the same for a whole run, whatever a reload says meanwhile.
import type { Daemon, Lifetime } from '../../model/daemon.ts';
import { plainLifetime } from '../../model/daemon.ts';
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
