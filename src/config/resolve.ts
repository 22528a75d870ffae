// Names -> numbers, once a load: what is looked up here is never looked up for a connection.
import { addressKey, describeAddress, type ListenAddress } from '../model/address.ts';
import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { Answer, ResolvedService, Service } from '../model/service.ts';
import { type Lookups, rememberLookups } from './lookups.ts';
import { type Complain, resolveAddresses, resolveRpc } from './resolve-addresses.ts';
import { resolveCredentials } from './resolve-credentials.ts';
import { diagnose, type LocatedService } from './source.ts';

export type { Account, Lookups } from './lookups.ts';

export type Resolution = {
  readonly services: readonly ResolvedService[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Where execvp(3) looks, for programs that are written without a slash. */
const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const findProgram = async (
  file: string,
  root: string,
  lookups: Lookups,
): Promise<{ readonly file: string; readonly state: 'executable' | 'missing' | 'not-executable' }> => {
  if (file.includes('/'))
    return { file, state: await lookups.program(`${file.startsWith('/') ? root : ''}${file}`) };
  for (const directory of searchPath) {
    const path = `${directory}/${file}`;
    if ((await lookups.program(`${root}${path}`)) === 'executable')
      return { file: path, state: 'executable' };
  }
  return { file, state: 'missing' };
};

/** A program that is not there is only a warning: it may be installed later. One in no PATH has no place to appear. */
const resolveAnswer = async (
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
  warn: Complain,
): Promise<Answer> => {
  const { service, marks } = located;
  if (service.answer.kind === 'builtin') return service.answer;
  const root = (service.process.rootDirectory ?? '').replace(/\/+$/, '');
  const { file, state } = await findProgram(service.answer.file, root, lookups);
  const mark = marks.program ?? marks.service;
  if (state !== 'executable' && !file.includes('/')) {
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
  const addresses = await resolveAddresses(located, lookups, complain);
  const rpc = await resolveRpc(service.rpc, marks.rpc ?? marks.service, lookups, complain);
  const credentials = await resolveCredentials(located, lookups, complain);
  const answer = await resolveAnswer(located, lookups, complain, warn);
  return errors === 0 ? { ...service, addresses, rpc, credentials, answer } : undefined;
};

type Place = { readonly index: number; readonly service: Pick<Service, 'id'>; readonly origin: Origin };

/** rpc services have port 0 each, which is no address that two could share. */
const claimKey = (address: ListenAddress, service: ResolvedService): string => {
  if (address.kind === 'unix' || address.port !== 0) {
    // Dual and IPv6-only cannot both be bound, so they are one claim.
    return address.kind === 'unix' ? addressKey(address) : addressKey({ ...address, takesMapped: false });
  }
  const { rpc } = service;
  return `rpc ${rpc?.program}/${rpc?.lowVersion}-${rpc?.highVersion} ${addressKey(address)}`;
};

/** Of services with one address the last keeps it; one that has lost all of its addresses is off. */
const dropTakenAddresses = (
  services: readonly (readonly [LocatedService, ResolvedService])[],
  diagnostics: Diagnostic[],
): readonly ResolvedService[] => {
  const owners = new Map<string, Place>();
  const lost = new Map<number, Set<ListenAddress>>();
  const claims = new Map<string, ListenAddress>();
  for (const [index, [located, service]] of services.entries()) {
    const mine = new Set<string>();
    for (const address of service.addresses) {
      const key = claimKey(address, service);
      const owner = owners.get(key);
      const taken = claims.get(key);
      if (mine.has(key)) {
        // A host name and its number, written side by side: one listener.
        const own = lost.get(index) ?? new Set();
        lost.set(index, own.add(address));
        continue;
      }
      mine.add(key);
      if (owner !== undefined && taken !== undefined) {
        const { file, line } = owner.origin;
        diagnostics.push(
          diagnose(
            'warning',
            located.marks.service,
            `${describeAddress(address)} already belongs to '${owner.service.id}' at ${file}:${line}, which loses it`,
            'remove one of them',
          ),
        );
        const others = lost.get(owner.index) ?? new Set();
        lost.set(owner.index, others.add(taken));
      }
      owners.set(key, { index, service, origin: service.origin });
      claims.set(key, address);
    }
  }
  return services.flatMap(([, service], index) => {
    const gone = lost.get(index);
    if (gone === undefined) return [service];
    const addresses = service.addresses.filter((address) => !gone.has(address));
    return addresses.length === 0 ? [] : [{ ...service, addresses }];
  });
};

/** Services whose names all mean something, and what is wrong with the others. */
export const resolveServices = async (
  services: readonly LocatedService[],
  lookups: Lookups,
): Promise<Resolution> => {
  const diagnostics: Diagnostic[] = [];
  const remembered = rememberLookups(lookups);
  const resolved: (readonly [LocatedService, ResolvedService])[] = [];
  for (const located of services) {
    const service = await resolveOne(located, remembered, diagnostics);
    if (service !== undefined) resolved.push([located, service]);
  }
  return { services: dropTakenAddresses(resolved, diagnostics), diagnostics };
};
