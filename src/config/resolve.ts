// Names -> numbers, once a load: what is looked up here is never looked up for a connection.
import { resolve } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Answer, ResolvedService } from '../model/service.ts';
import { searchesPath } from './inetd/dialect.ts';
import { type Lookups, rememberLookups } from './lookups.ts';
import { createBreather } from './pieces.ts';
import { type Complain, resolveAddresses, resolveRpc } from './resolve-addresses.ts';
import { resolveCredentials } from './resolve-credentials.ts';
import { checkListing, warnOfUnknownHosts } from './resolve-doubts.ts';
import { resolveTargets } from './resolve-targets.ts';
import { diagnose, type LocatedService } from './source.ts';
import { dropTakenAddresses, type Resolved, warnOfOverlaps } from './taken-addresses.ts';

export type { Account, Lookups } from './lookups.ts';

export type Resolution = {
  readonly services: readonly ResolvedService[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Where execvp(3) looks, for programs that are written without a slash. */
const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A program without a slash is searched in PATH only where the dialect's own daemon does so. */
const findProgram = async (
  file: string,
  isSearched: boolean,
  root: string,
  lookups: Lookups,
): Promise<{ readonly file: string; readonly state: 'executable' | 'missing' | 'not-executable' }> => {
  if (file.includes('/') || !isSearched) {
    // absolute from here on: a service may have another working directory
    const absolute = root === '' ? resolve(file) : file;
    return {
      file: absolute,
      state: await lookups.program(`${absolute.startsWith('/') ? root : ''}${absolute}`),
    };
  }
  for (const directory of searchPath) {
    const path = `${directory}/${file}`;
    if ((await lookups.program(`${root}${path}`)) === 'executable')
      return { file: path, state: 'executable' };
  }
  return { file, state: 'missing' };
};

/**
 * A program that is not there is only a warning: it may be installed later. One in no PATH has no place to appear, and
 * xinetd switches a service off whose server is not there.
 */
const resolveAnswer = async (
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
  warn: Complain,
): Promise<Answer> => {
  const { service, marks } = located;
  if (service.answer.kind !== 'program') return service.answer;
  const root = (service.process.rootDirectory ?? '').replace(/\/+$/, '');
  const { file, state } = await findProgram(
    service.answer.file,
    searchesPath(service.dialect),
    root,
    lookups,
  );
  const mark = marks.program ?? marks.service;
  if (state !== 'executable' && service.dialect === 'xinetd') {
    complain(
      mark,
      `the server ${file} ${state === 'missing' ? 'does not exist' : 'is not executable'}`,
      state === 'missing' ? 'install it; until then this service is off' : 'set its permissions',
    );
  } else if (state !== 'executable' && !file.includes('/')) {
    complain(mark, `the program '${file}' is in no directory of PATH`, 'write its absolute path');
  } else if (state === 'missing') {
    warn(mark, `the program ${root}${file} does not exist`, 'install it; until then clients get nothing');
  } else if (state === 'not-executable') {
    warn(mark, `the program ${root}${file} cannot be executed`, 'set its permissions');
  }
  return { ...service.answer, file };
};

const resolveOne = async (
  located: LocatedService,
  lookups: Lookups,
  diagnostics: Diagnostic[],
): Promise<ResolvedService | undefined> => {
  const { service, marks } = located;
  let errors = 0;
  const complain: Complain = (mark, message, advice) => {
    errors += 1;
    diagnostics.push(diagnose('error', mark, message, advice));
    return undefined;
  };
  const warn: Complain = (mark, message, advice) => {
    diagnostics.push(diagnose('warning', mark, message, advice));
    return undefined;
  };
  await checkListing(located, lookups, complain);
  const addresses = await resolveAddresses(located, lookups, complain);
  const targets = await resolveTargets(located, lookups, complain);
  const rpc = await resolveRpc(service.rpc, marks.rpc ?? marks.service, lookups, complain);
  const credentials = await resolveCredentials(located, lookups, complain);
  const answer = await resolveAnswer(located, lookups, complain, warn);
  return errors === 0 ? { ...service, addresses, targets, rpc, credentials, answer } : undefined;
};

/** Services whose names all mean something, and what is wrong with the others. */
export const resolveServices = async (
  services: readonly LocatedService[],
  lookups: Lookups,
): Promise<Resolution> => {
  const diagnostics: Diagnostic[] = [];
  const remembered = rememberLookups(lookups);
  const resolved: Resolved[] = [];
  const breathe = createBreather();
  for (const located of services) {
    await breathe();
    const service = await resolveOne(located, remembered, diagnostics);
    if (service !== undefined) resolved.push({ located, service });
  }
  await warnOfUnknownHosts(services, remembered, diagnostics);
  const kept = dropTakenAddresses(resolved, diagnostics);
  warnOfOverlaps(kept, diagnostics);
  return { services: kept.map(({ service }) => service), diagnostics };
};
