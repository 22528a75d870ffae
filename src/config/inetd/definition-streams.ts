// The keys stdin, stdout and stderr: what the standard descriptors of a handler are.
import type { Stream } from '../../model/service.ts';
import type { Report } from '../source.ts';
import { type Keys, readChoice } from './keys.ts';

export const fileWays = ['read', 'write', 'append', 'truncate'] as const;
const streamNames = ['client', 'null', 'log'] as const;

/** `client`, `null`, `log`; or `append /PATH` and its kin. */
export const readStream = (
  key: 'stdin' | 'stdout' | 'stderr',
  keys: Keys,
  report: Report,
): Stream | undefined => {
  const [word, path] = keys.all(key) ?? [];
  if (word === undefined) return undefined;
  if (path === undefined) {
    const stream = readChoice(word, streamNames, report);
    return key === 'stdin' && stream === 'log'
      ? report.error(word, 'nothing can be read from the log', 'write client or null')
      : stream;
  }
  const how = readChoice(word, key === 'stdin' ? ['read'] : fileWays, report);
  if (how === undefined) return undefined;
  if (path.text.startsWith('/')) return { path: path.text, how };
  return report.error(path, `'${path.text}' is no absolute path`, 'write one that begins with /');
};
