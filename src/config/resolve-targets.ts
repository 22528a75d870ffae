// The address of a relay -> addresses to connect to.
import { isIP } from 'node:net';
import type { ConnectAddress } from '../model/address.ts';
import { parseCount } from '../model/quantity.ts';
import type { RelayTarget } from '../model/service.ts';
import type { Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import type { LocatedService, Mark } from './source.ts';

const findHosts = async (
  host: string,
  lookups: Lookups,
): Promise<readonly { readonly host: string; readonly version: 4 | 6 }[]> => {
  const version = isIP(host);
  return version === 4 || version === 6 ? [{ host, version }] : lookups.hosts(host, 'both');
};

/** What fits into a socket's address (unix(7)); a path ends with a NUL there. */
const longestPath = 107;
const longestName = 108;

/** Nobody is asked: who listens there may come later. */
const unixTarget = (path: string, mark: Mark, complain: Complain): readonly ConnectAddress[] => {
  const longest = path.startsWith('@') ? longestName : longestPath;
  if (Buffer.byteLength(path) <= longest) return [{ version: 'unix', path }];
  return (
    complain(
      mark,
      `the socket '${path}' has more than ${longest} bytes`,
      'the kernel takes no longer one: choose a shorter path',
    ) ?? []
  );
};

/** All addresses of a host, in the order of the resolver. */
const resolveTarget = async (
  { host, port: portName }: RelayTarget,
  marks: LocatedService['marks'],
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ConnectAddress[]> => {
  const mark = marks.target ?? marks.service;
  if (/^[/@]/.test(host)) return unixTarget(host, mark, complain);
  const port = parseCount(portName) ?? (await lookups.port(portName, 'tcp'));
  if (port === undefined) {
    return (
      complain(
        marks.targetPort ?? marks.service,
        `the service '${portName}' has no port for tcp`,
        'write the number, or add it to /etc/services',
      ) ?? []
    );
  }
  const hosts = await findHosts(host, lookups);
  if (hosts.length === 0) {
    complain(mark, `the host '${host}' has no address`, 'check its name, or write a numeric address');
  }
  return hosts.map((found) => ({ version: found.version, host: found.host, port }));
};

/** Of a relay, in the order in which they are tried; empty of a service that is none. */
export const resolveTargets = async (
  { service: { answer }, marks }: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<readonly ConnectAddress[]> => {
  if (answer.kind !== 'relay') return [];
  const found = [answer, ...answer.fallbacks].map((each) => resolveTarget(each, marks, lookups, complain));
  return (await Promise.all(found)).flat();
};
