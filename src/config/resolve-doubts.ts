// What xinetd asks the machine beside names: the entry in services(5), and whether hosts of access lists exist.
import { setTimeout } from 'node:timers/promises';
import type { Diagnostic } from '../model/diagnostic.ts';
import { parseCount } from '../model/quantity.ts';
import type { Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import { diagnose, type LocatedService, type Mark } from './source.ts';

/** Without UNLISTED a service must be in services(5), with the port that was written. */
export const checkListing = async (
  { service, marks, doubts }: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<void> => {
  const [endpoint] = service.endpoints;
  const name = doubts?.listedName;
  if (name === undefined || endpoint?.kind !== 'internet') return;
  const protocol = endpoint.socketType === 'stream' ? 'tcp' : 'udp';
  const port = await lookups.port(name, protocol);
  const written = parseCount(endpoint.port);
  if (port === undefined) {
    complain(
      marks.service,
      `service '${name}' is not in /etc/services for ${protocol}`,
      'write type = UNLISTED, or add it there',
    );
  } else if (written !== undefined && port !== written) {
    complain(
      marks.port ?? marks.service,
      `service '${name}' has the port ${port} in /etc/services, not ${written}`,
      `write port = ${port}, or type = UNLISTED`,
    );
  }
};

/** A resolver that does not answer must not keep a load waiting: names are asked for again when clients come. */
const patience = 1000;

/** Hosts of access lists without an address: they may have one later, so this is only told. */
export const warnOfUnknownHosts = async (
  services: readonly LocatedService[],
  lookups: Lookups,
  diagnostics: Diagnostic[],
): Promise<void> => {
  const wanted = new Map<string, Map<string, Mark>>();
  for (const { doubts } of services) {
    for (const { name, mark } of doubts?.hosts ?? []) {
      const marks = wanted.get(name) ?? new Map<string, Mark>();
      marks.set(`${mark.at.file}:${mark.at.line}:${mark.at.column}`, mark);
      wanted.set(name, marks);
    }
  }
  if (wanted.size === 0) return;
  const abort = new AbortController();
  const deadline = setTimeout(patience, undefined, { signal: abort.signal }).catch(() => undefined);
  await Promise.all(
    [...wanted].map(async ([name, marks]) => {
      const found = await Promise.race([lookups.hosts(name, 'both'), deadline]);
      if (found?.length !== 0) return;
      for (const mark of marks.values()) {
        const message = `the host '${name}' of this list has no address now`;
        diagnostics.push(
          diagnose(
            'warning',
            mark,
            message,
            'check it; it is asked for again when clients come, and names of networks are not known',
          ),
        );
      }
    }),
  );
  abort.abort();
};
