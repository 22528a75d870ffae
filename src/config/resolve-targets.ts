// The address of a relay -> addresses to connect to.
import { isIP } from 'node:net';
import type { ConnectAddress } from '../model/address.ts';
import { parseCount } from '../model/quantity.ts';
import type { Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import type { LocatedService } from './source.ts';

const findHosts = async (
  host: string,
  lookups: Lookups,
): Promise<readonly { readonly host: string; readonly version: 4 | 6 }[]> => {
  const version = isIP(host);
  return version === 4 || version === 6 ? [{ host, version }] : lookups.hosts(host, 'both');
};

/** All addresses of the host, in the order of the resolver; empty of a service that is no relay. */
export const resolveTargets = async (
  { service, marks }: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ConnectAddress[]> => {
  const { answer } = service;
  if (answer.kind !== 'relay') return [];
  const port = parseCount(answer.port) ?? (await lookups.port(answer.port, 'tcp'));
  if (port === undefined) {
    return (
      complain(
        marks.targetPort ?? marks.service,
        `the service '${answer.port}' has no port for tcp`,
        'write the number, or add it to /etc/services',
      ) ?? []
    );
  }
  const hosts = await findHosts(answer.host, lookups);
  if (hosts.length === 0) {
    complain(
      marks.target ?? marks.service,
      `the host '${answer.host}' has no address`,
      'check its name, or write a numeric address',
    );
  }
  return hosts.map(({ host, version }) => ({ version, host, port }));
};
