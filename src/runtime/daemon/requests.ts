// From a daemon's plan to the recipes of its processes.
import type { CommandLine } from '../../model/daemon.ts';
import type { RecipeRequest } from '../../model/recipe.ts';
import type { ResolvedService } from '../../model/service.ts';
import { commandLineRequest, daemonRequest } from '../../serve/daemon-surroundings.ts';
import type { Host } from '../../serve/host.ts';
import { completeStart } from '../../serve/start-texts.ts';
import type { Requests } from './parts.ts';

/** A daemon is one instance: the marks of a template's have been replaced at load. */
const instance = undefined;

/** At once where nothing is to be read or looked for. */
const complete = (
  request: RecipeRequest,
  service: ResolvedService,
  command: CommandLine | undefined,
): ReturnType<Requests['main']> =>
  service.startTexts === undefined && command === undefined && request.file.includes('/')
    ? request
    : completeStart(request, service, command, { instance });

export const createRequests = (host: Host): Requests => ({
  main: (running, { service, daemon }, at, listeners, stored, extra) => {
    const log = running.openLog()?.theirs;
    const command = at === 0 ? undefined : daemon.furtherStarts[at - 1];
    const request = daemonRequest(service, listeners, stored, { ...extra, command }, host, log);
    return complete(request, service, at === 0 ? service.startTexts?.command : command);
  },
  command: (running, { service }, command, extra) => {
    const log = running.openLog()?.theirs;
    return complete(commandLineRequest(service, command, extra, host, log), service, command);
  },
});
