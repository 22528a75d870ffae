// All that a server needs of this folder to read its configuration. It is loaded for a moment and let go again
// (operate/passing-reading.ts): no state lives here from one load to the next, and what it gives is plain data.
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ResolvedService } from '../model/service.ts';
import { type Configuration, loadConfiguration, parseConfiguration } from './load.ts';
import type { Lookups } from './lookups.ts';
import type { LoadOptions } from './options.ts';
import { resolveServices } from './resolve.ts';

export type Loaded = {
  readonly services: readonly ResolvedService[];
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];
  /** False when a named file could not be read. */
  readonly isReadable: boolean;
};

const resolve = async (configuration: Configuration, lookups: Lookups): Promise<Loaded> => {
  const { services, diagnostics } = await resolveServices(configuration.services, lookups);
  const { files, isReadable } = configuration;
  return { services, diagnostics: [...configuration.diagnostics, ...diagnostics], files, isReadable };
};

export type NamedFiles = { readonly paths: readonly string[]; readonly options: LoadOptions };

/** Of two services with one id the first files have it. */
const join = (first: Configuration, next: Configuration): Configuration => {
  const taken = new Set(first.services.map(({ service }) => service.id));
  return {
    services: [...first.services, ...next.services.filter(({ service }) => !taken.has(service.id))],
    diagnostics: [...first.diagnostics, ...next.diagnostics],
    files: [...first.files, ...next.files],
    isReadable: first.isReadable && next.isReadable,
  };
};

export const readFiles = async (
  { paths, options }: NamedFiles,
  further: NamedFiles | undefined,
  lookups: Lookups,
): Promise<Loaded> => {
  const first = await loadConfiguration(paths, options);
  if (further === undefined) return resolve(first, lookups);
  return resolve(join(first, await loadConfiguration(further.paths, further.options)), lookups);
};

/** What a command line says, in words of the native language. */
export const readText = (text: string, options: LoadOptions, lookups: Lookups): Promise<Loaded> =>
  resolve(parseConfiguration(text, 'command line', options), lookups);
