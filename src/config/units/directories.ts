// Directories that are made for a service before it starts: `RuntimeDirectory=` and its kin.
import type { ServiceDirectory } from '../../model/service.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { readChoice, readOctal, readWordTokens } from './values.ts';

export const directoryRoots = [
  { kind: 'runtime', key: 'RuntimeDirectory', root: '/run', variable: 'RUNTIME_DIRECTORY' },
  { kind: 'state', key: 'StateDirectory', root: '/var/lib', variable: 'STATE_DIRECTORY' },
  { kind: 'cache', key: 'CacheDirectory', root: '/var/cache', variable: 'CACHE_DIRECTORY' },
  { kind: 'logs', key: 'LogsDirectory', root: '/var/log', variable: 'LOGS_DIRECTORY' },
  { kind: 'configuration', key: 'ConfigurationDirectory', root: '/etc', variable: 'CONFIGURATION_DIRECTORY' },
] as const;

export const directoryKeys: readonly string[] = directoryRoots.flatMap(({ key }) => [key, `${key}Mode`]);

const checkRelative = (word: Value, path: string, { report }: Unit): string | undefined => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > 0 && !path.startsWith('/') && !parts.includes('..')) return parts.join('/');
  return report.error(word, `'${path}' is no path below a directory`, 'write it without .. and / before it');
};

/** `PATH`, or `PATH:LINK`, whose link stands beside it. */
const readOne = (
  word: Value,
  root: string,
  unit: Unit,
): Pick<ServiceDirectory, 'path' | 'links'> | undefined => {
  const [path = '', link, ...rest] = word.text.split(':');
  if (rest.length > 1) return unit.report.error(word, `'${word.text}' has too many parts`, 'write PATH:LINK');
  const [own, other] = [checkRelative(word, path, unit), link ? checkRelative(word, link, unit) : undefined];
  if (own === undefined) return undefined;
  return { path: `${root}/${own}`, links: other === undefined ? [] : [`${root}/${other}`] };
};

const preservations = ['no', 'yes', 'restart'] as const;

export const readDirectories = (values: Values, unit: Unit): readonly ServiceDirectory[] => {
  const preserve = readChoice(values.one('RuntimeDirectoryPreserve'), preservations, unit) ?? 'no';
  return directoryRoots.flatMap(({ kind, key, root }) => {
    const mode = readOctal(values.one(`${key}Mode`), unit) ?? 0o755;
    return readWordTokens(values.all(key), unit).flatMap((word): readonly ServiceDirectory[] => {
      const found = readOne(word, root, unit);
      return found === undefined
        ? []
        : [{ kind, ...found, mode, keeps: kind === 'runtime' ? preserve : 'yes' }];
    });
  });
};

/** What the program finds of them. */
export const directoryVariables = (
  directories: readonly ServiceDirectory[],
): readonly { readonly name: string; readonly value: string }[] =>
  directoryRoots.flatMap(({ kind, variable }) => {
    const paths = directories.filter((directory) => directory.kind === kind).map(({ path }) => path);
    return paths.length === 0 ? [] : [{ name: variable, value: paths.join(':') }];
  });
