// Names -> numbers, once a load: what is looked up here is never looked up for a connection.
import type { Diagnostic } from '../model/diagnostic.ts';
import { createBreather, runInPieces } from '../model/pieces.ts';
import type { ResolvedService } from '../model/service.ts';
import { type Lookups, rememberLookups } from './lookups.ts';
import { type Complain, resolveAddresses, resolveRpc } from './resolve-addresses.ts';
import { resolveCredentials } from './resolve-credentials.ts';
import { resolveDirectory } from './resolve-directory.ts';
import { checkListing, warnOfUnknownHosts } from './resolve-doubts.ts';
import { resolvePrograms } from './resolve-program.ts';
import { resolveTargets } from './resolve-targets.ts';
import { diagnose, type LocatedService } from './source.ts';
import { dropTakenAddresses, type Resolved, warnOfOverlaps } from './taken-addresses.ts';

export type { Account, Lookups } from './lookups.ts';

export type Resolution = {
  readonly services: readonly ResolvedService[];
  readonly diagnostics: readonly Diagnostic[];
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
  const programs = await resolvePrograms(located, lookups, complain, warn);
  const process = await resolveDirectory(located, credentials, lookups, complain, warn);
  return errors === 0
    ? { ...service, addresses, targets, rpc, credentials, ...programs, process }
    : undefined;
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
  const kept = await runInPieces(dropTakenAddresses(resolved, diagnostics), breathe);
  await runInPieces(warnOfOverlaps(kept, diagnostics), breathe);
  return { services: kept.map(({ service }) => service), diagnostics };
};
