// How a service's handler would be started: the request that its recipe is made of, in words. Nothing is opened for it.
import type { LaunchPlan } from '../model/control.ts';
import { descriptorOf } from '../model/descriptor.ts';
import type { RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';
import { type DaemonListener, daemonRequest } from '../serve/daemon-surroundings.ts';
import type { Host } from '../serve/host.ts';
import { recipeRequest } from '../serve/surroundings.ts';
import type { Runtime } from './running.ts';
import {
  sayAnswer,
  sayCredentials,
  sayDescriptors,
  sayEnvironment,
  sayResourceLimit,
  showMarks,
} from './steering-launch.ts';
import { sayFurther, sayLimits } from './steering-settings.ts';

/** First of the descriptors that a server finds its sockets at. */
const firstSocket = 3;

/** Behind a relay it has none. */
const listenersOf = ({ mode, addresses }: ResolvedService): readonly DaemonListener[] =>
  mode === 'whole-socket'
    ? addresses.map((address, index) => ({ descriptor: descriptorOf(firstSocket + index), address }))
    : [];

/** undefined: no process is started. */
const requestOf = (service: ResolvedService, host: Host): RecipeRequest | undefined => {
  const { daemon, answer } = service;
  if (daemon !== undefined) {
    const hasMessages = daemon.notifyAccess !== 'none' || daemon.type.startsWith('notify');
    const extra = {
      notifySocket: hasMessages ? '<its notify socket>' : undefined,
      watchdog: daemon.watchdog,
      invocation: '<128 random bits>',
    };
    return daemonRequest(service, listenersOf(service), [], extra, host, undefined);
  }
  return answer.kind === 'program' ? recipeRequest(service, answer, host, undefined) : undefined;
};

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

export const createExplanation =
  ({ services }: Runtime, host: Host) =>
  (id: string): LaunchPlan | undefined => {
    const running = services.get(id);
    if (running === undefined) return undefined;
    const { service } = running.prepared;
    const request = requestOf(service, host);
    const { origin, mode, answer, process, targets } = service;
    return {
      service: id,
      origin: `${origin.file}:${origin.line}`,
      mode,
      answer: sayAnswer(answer, targets),
      file: request === undefined ? null : showMarks(request.file),
      arguments: request?.arguments.map(showMarks) ?? [],
      environment: request === undefined ? [] : sayEnvironment(request),
      credentials: request === undefined ? null : sayCredentials(service, host),
      directory: request === undefined ? null : (process.workingDirectory ?? null),
      root: request?.rootDirectory ?? null,
      umask: request?.umask === undefined ? null : octal(request.umask),
      nice: request?.nice ?? null,
      descriptors: request === undefined ? [] : sayDescriptors(service),
      resourceLimits: request?.resourceLimits.map(sayResourceLimit) ?? [],
      limits: sayLimits(running.limits),
      further: sayFurther(service),
    };
  };
