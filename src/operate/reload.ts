// From files to a running configuration: what was found is told, what is good is applied, what cannot be read changes nothing.
import { type Configuration, type LoadOptions, loadConfiguration } from '../config/load.ts';
import { resolveServices } from '../config/resolve.ts';
import { type Diagnostic, isError } from '../model/diagnostic.ts';
import type { ResolvedService } from '../model/service.ts';
import { machine } from './machine.ts';

export type Loaded = {
  readonly services: readonly ResolvedService[];
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];
  /** False when a named file could not be read. */
  readonly isReadable: boolean;
};

export const resolveConfiguration = async (configuration: Configuration): Promise<Loaded> => {
  const { services, diagnostics } = await resolveServices(configuration.services, machine);
  const { files, isReadable } = configuration;
  return { services, diagnostics: [...configuration.diagnostics, ...diagnostics], files, isReadable };
};

export const loadServices = async (paths: readonly string[], options: LoadOptions): Promise<Loaded> =>
  resolveConfiguration(await loadConfiguration(paths, options));

/** Loads one at a time; a request that comes meanwhile is served by one more load after it. */
export const createReloader = (
  load: () => Promise<Loaded>,
  take: (loaded: Loaded) => void,
): (() => Promise<void>) => {
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  const work = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      take(await load());
    } while (isAskedAgain);
  };
  return () => {
    if (running !== undefined) {
      isAskedAgain = true;
      return running;
    }
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
};

/** `2 errors, 1 warning`, or undefined when all is well. */
export const countDiagnostics = (diagnostics: readonly Diagnostic[]): string | undefined => {
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.length - errors;
  const count = (number: number, word: string): readonly string[] =>
    number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`];
  const counts = [...count(errors, 'error'), ...count(warnings, 'warning')];
  return counts.length === 0 ? undefined : counts.join(', ');
};

/** The same mistake at another line is the same mistake. */
const errorsOf = ({ diagnostics }: Loaded): ReadonlySet<string> =>
  new Set(diagnostics.filter(isError).map(({ message, source }) => `${message}\n${source}`));

/**
 * Says why a configuration must not take the place of the running one, or undefined when it may. A broken entry may be
 * one that serves now, so errors that the running configuration does not have change nothing; those that it has had
 * from its start keep no other change out.
 */
export const createGate = (): ((loaded: Loaded) => string | undefined) => {
  let known: ReadonlySet<string> | undefined;
  return (loaded) => {
    if (!loaded.isReadable) return countDiagnostics(loaded.diagnostics) ?? 'unreadable';
    const errors = errorsOf(loaded);
    const accepted = known;
    const fresh = accepted === undefined ? [] : [...errors].filter((error) => !accepted.has(error));
    if (fresh.length > 0) return `${fresh.length} new error${fresh.length === 1 ? '' : 's'}`;
    known = errors;
    return undefined;
  };
};
