// The working directory as units write it: `~` is the user's home, `-` before it forgives that it is not there.
import type { ResolvedCredentials, Service } from '../model/service.ts';
import type { Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import type { LocatedService } from './source.ts';

/** Of whom nobody has named: root, as services of the system run as. */
const homeOf = async (
  service: Service,
  credentials: ResolvedCredentials | undefined,
  lookups: Lookups,
): Promise<string | undefined> => {
  if (credentials !== undefined) return credentials.home ?? (credentials.uid === 0 ? '/root' : undefined);
  const { user } = service.credentials;
  const account =
    user === undefined ? await lookups.accountById(lookups.currentUser().uid) : await lookups.account(user);
  return account?.home;
};

/** Other languages write a path that is one. */
export const resolveDirectory = async (
  { service, marks }: LocatedService,
  credentials: ResolvedCredentials | undefined,
  lookups: Lookups,
  complain: Complain,
  warn: Complain,
): Promise<Service['process']> => {
  const { process, dialect } = service;
  const written = process.workingDirectory;
  if (dialect !== 'systemd' || written === undefined || written === '/') return process;
  const isForgiving = written.startsWith('-');
  const place = isForgiving ? written.slice(1) : written;
  const mark = marks.chdir ?? marks.service;
  const path = place === '~' ? await homeOf(service, credentials, lookups) : place;
  if (path === undefined) {
    complain(mark, 'its user has no home', 'write the path of a directory');
    return process;
  }
  const root = (process.rootDirectory ?? '').replace(/\/+$/, '');
  const isMissing =
    !path.includes('\0') && !root.includes('\0') && (await lookups.program(`${root}${path}`)) === 'missing';
  if (isMissing && !isForgiving) {
    warn(mark, `the directory ${root}${path} does not exist`, 'make it; until then nobody is served');
  }
  return { ...process, workingDirectory: isMissing && isForgiving ? '/' : path };
};
