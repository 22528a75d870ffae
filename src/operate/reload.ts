// From files to a running configuration: what was found is told, what is good is applied, what cannot be read changes nothing.
import { defaultLoadOptions, type LoadOptions } from '../config/options.ts';
import type { Loaded, NamedFiles } from '../config/reading.ts';
import type { ReloadReport } from '../model/control.ts';
import { type Diagnostic, isError } from '../model/diagnostic.ts';
import { machine } from './machine.ts';
import { loadReading } from './passing-reading.ts';

export type { Loaded } from '../config/reading.ts';

/** `further`: files of another kind, whose services give way to those of the first. */
export const loadServices = async (
  paths: readonly string[],
  options: LoadOptions,
  further?: NamedFiles,
): Promise<Loaded> => (await loadReading()).readFiles({ paths, options }, further, machine);

/** What a command line says, in words of the native language. */
export const loadText = async (text: string): Promise<Loaded> =>
  (await loadReading()).readText(text, defaultLoadOptions, machine);

/** Loads one at a time; whoever asks gets the report of a load that began after the wish. */
export const createReloader = (
  load: () => Promise<Loaded>,
  take: (loaded: Loaded) => ReloadReport | Promise<ReloadReport>,
): (() => Promise<ReloadReport>) => {
  let running: Promise<ReloadReport> | undefined;
  let next: Promise<ReloadReport> | undefined;
  const begin = (): Promise<ReloadReport> => {
    running ??= load()
      .then(take)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  return () => {
    if (running === undefined) return begin();
    const again = (): Promise<ReloadReport> => {
      next = undefined;
      return begin();
    };
    next ??= running.then(again, again);
    return next;
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

export type Gate = {
  /** Why a configuration must not take the place of the running one, or undefined when it may. */
  readonly refusalOf: (loaded: Loaded) => string | undefined;
  /** It is the running one from now on. */
  readonly enter: (loaded: Loaded) => void;
};

/**
 * A broken entry may be one that serves now, so errors that the running configuration does not have change nothing;
 * those that it has had from its start keep no other change out.
 */
export const createGate = (): Gate => {
  let known: ReadonlySet<string> | undefined;
  return {
    refusalOf: (loaded) => {
      if (!loaded.isReadable) return countDiagnostics(loaded.diagnostics) ?? 'unreadable';
      const accepted = known;
      if (accepted === undefined) return undefined;
      const fresh = [...errorsOf(loaded)].filter((error) => !accepted.has(error));
      return fresh.length === 0 ? undefined : `${fresh.length} new error${fresh.length === 1 ? '' : 's'}`;
    },
    enter: (loaded) => {
      known = errorsOf(loaded);
    },
  };
};
