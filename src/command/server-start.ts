// What is looked at when a server starts, and what is told of it.
import { isError, showDiagnostic } from '../model/diagnostic.ts';
import { writePidFile } from '../operate/pid-file.ts';
import type { Loaded } from '../operate/reload.ts';
import type { Counts } from '../operate/service-manager.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import { groupOf } from './server-control.ts';
import type { ServerOptions } from './server-options.ts';

/** Names under which one of us runs, as /proc/PID/comm has them. */
export const ownNames = ['acceptd', 'inetd', 'xinetd', 'node', 'MainThread'];

/** What is wrong with the place of the pid file, if anything is. */
export const tryWritePidFile = (path: string): string | undefined => {
  try {
    writePidFile(path);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `cannot write the pid file ${path}: ${reason}; choose another place for it`;
  }
};

/**
 * What is in the way of a start is its end, unless somebody is served already: then it is done without, and `waived` says of
 * what that was so.
 */
export const createDemands = (isFirst: boolean) => {
  const waived: string[] = [];
  return {
    waived,
    refuses: (what: string | undefined): what is string => {
      if (what !== undefined && !isFirst) waived.push(what);
      return what !== undefined && isFirst;
    },
  };
};

/** Whether a start is none, because nothing would be served. */
export const isRefused = (
  { isReadable, services, diagnostics }: Loaded,
  rule: ServerOptions['emptyStart'],
): boolean =>
  !isReadable ||
  (services.length === 0 &&
    (rule === 'refused' || (rule === 'refused-with-mistakes' && diagnostics.some(isError))));

export const countState = (services: ReturnType<Supervisor['snapshot']>): Counts => {
  const sum = (of: (service: (typeof services)[number]) => number): number =>
    services.reduce((total, service) => total + of(service), 0);
  return {
    services: services.length,
    listening: sum(({ listening }) => listening.length),
    failed: sum(({ failed }) => failed.length),
    live: sum(({ live }) => live),
  };
};

/** The number of the group that may look; a text says what is wrong with it. */
export const findGroup = async (name: string | undefined): Promise<number | undefined | string> => {
  if (name === undefined) return undefined;
  const found = await groupOf(name);
  return found ?? `--control-group '${name}' is no group of this system; write one of getent group`;
};

export const tellCaller = ({ diagnostics }: Loaded): void => {
  for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
};
