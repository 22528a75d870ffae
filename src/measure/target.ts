// What a run connects to: the words of the command line, and the address that they mean, spelled as for acceptd listen.
import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { parseCount } from '../model/quantity.ts';
import type { LoadAddress } from '../native/load.ts';
import { lookupPort } from '../native/lookup.ts';

/** What is wrong with a text of the user, in one clause, and what to do about it. */
export type Mistake = { readonly mistake: string };

export type Target =
  | {
      readonly kind: 'tcp' | 'udp';
      /** Undefined: the first that the system names. */
      readonly version: 4 | 6 | undefined;
      /** A numeric address or a name. */
      readonly host: string;
      /** A number or a name of services(5). */
      readonly port: string;
    }
  | { readonly kind: 'unix'; readonly path: string };

type InternetTarget = Extract<Target, { readonly kind: 'tcp' | 'udp' }>;

const longestPath = 108; // sizeof sockaddr_un.sun_path; a path in the file system ends there with a NUL

const parsePath = (path: string): Target | Mistake => {
  const length = Buffer.byteLength(path) + (path.startsWith('@') ? 0 : 1);
  if (length <= longestPath) return { kind: 'unix', path };
  return { mistake: `'${path}' is too long for a unix socket; at most ${longestPath - 1} bytes` };
};

/** This machine, as far as a server that listens everywhere is concerned. */
const loopbackOf = (version: 4 | 6 | undefined): string => (version === 6 ? '::1' : '127.0.0.1');

const parseHost = (written: string, version: 4 | 6 | undefined): string | Mistake => {
  const host = written.replace(/^\[(.*)\]$/, '$1');
  if (host.includes('%')) {
    return { mistake: `the zone in '${host}' is not supported; write an address that is not link-local` };
  }
  if (host === '') return { mistake: 'the host is empty; write PORT alone for this machine' };
  if (host === '*') return loopbackOf(version);
  if (isIPv4(host)) {
    if (version === 6) return { mistake: `${host} is an IPv4 address, but the protocol is IPv6` };
    // the kernel takes a connection to "all addresses" for one to itself, but not from a chosen source
    return host === '0.0.0.0' ? loopbackOf(4) : host;
  }
  if (isIPv6(host)) {
    if (version === 4) return { mistake: `${host} is an IPv6 address, but the protocol is IPv4` };
    return /^[0:]+$/.test(host) ? loopbackOf(6) : host;
  }
  if (/[\s:/[\]\p{Cc}]/u.test(host)) return { mistake: `'${host}' is no host; write HOST:PORT or [V6]:PORT` };
  return host;
};

const forms = 'PORT, HOST:PORT, [V6]:PORT, udp:HOST:PORT, /path or @name';

/** `PORT` (of this machine), `HOST:PORT`, either with `tcp:`, `udp:`, `tcp4:` ... before it, `/path`, `unix:PATH`, `@name`. */
export const parseTarget = (text: string): Target | Mistake => {
  const unix = /^(?:unix:)?([/@].+)$/s.exec(text) ?? /^unix:(.+)$/s.exec(text);
  if (unix !== null) return parsePath(unix[1] ?? '');
  const internet = /^(?:(tcp|udp)([46])?:)?(?:(.*):)?([A-Za-z0-9_-]+)$/s.exec(text);
  if (internet === null) return { mistake: `'${text}' is no address; write ${forms}` };
  const [, protocol, digit, written, port = ''] = internet;
  const version = digit === '4' ? 4 : digit === '6' ? 6 : undefined;
  if (isIPv6(text) && !isIPv6(written ?? '')) {
    return { mistake: `'${text}' has no port; write [${text}]:PORT` };
  }
  const host = written === undefined ? loopbackOf(version) : parseHost(written, version);
  if (typeof host !== 'string') return host;
  const number = parseCount(port);
  if (/^[0-9]+$/.test(port) && (number === undefined || number < 1 || number > 65_535)) {
    return { mistake: `there is no port ${port}; ports are 1 to 65535` };
  }
  return { kind: protocol === 'udp' ? 'udp' : 'tcp', version, host, port };
};

/** What finding an address asks of the machine. */
export type TargetLookups = {
  /** The first address of a name, in the order of the system; rejects where there is none. */
  host(
    name: string,
    version: 4 | 6 | undefined,
  ): Promise<{ readonly address: string; readonly family: number }>;
  port(name: string, protocol: 'tcp' | 'udp'): Promise<number | undefined>;
};

const ofSystem: TargetLookups = {
  host: (name, version) => lookup(name, { family: version ?? 0, verbatim: true }),
  port: lookupPort,
};

const findPort = async (target: InternetTarget, lookups: TargetLookups): Promise<number | Mistake> => {
  const port = parseCount(target.port) ?? (await lookups.port(target.port, target.kind));
  if (port !== undefined) return port;
  return {
    mistake: `the service '${target.port}' has no port for ${target.kind}; write the number, or HOST:PORT if it is a host`,
  };
};

const findHost = async (
  { host, version }: InternetTarget,
  lookups: TargetLookups,
): Promise<{ readonly host: string; readonly version: 4 | 6 } | Mistake> => {
  if (isIPv4(host)) return { host, version: 4 };
  if (isIPv6(host)) return { host, version: 6 };
  const found = await lookups.host(host, version).catch(() => undefined);
  if (found !== undefined) return { host: found.address, version: found.family === 6 ? 6 : 4 };
  const kind = version === undefined ? 'address' : `IPv${version} address`;
  return { mistake: `the host '${host}' has no ${kind}; check its name, or write a numeric address` };
};

/** Asks the system for the numbers of a target's names. */
export const resolveTarget = async (
  target: Target,
  lookups: TargetLookups = ofSystem,
): Promise<LoadAddress | Mistake> => {
  if (target.kind === 'unix') return target;
  const port = await findPort(target, lookups);
  if (typeof port !== 'number') return port;
  const found = await findHost(target, lookups);
  return 'mistake' in found ? found : { kind: target.kind, ...found, port };
};

/** Whether the address is reached without leaving the machine, by its form alone. */
export const isLoopback = (address: LoadAddress): boolean =>
  address.kind === 'unix' ||
  /^(?:::ffff:)?127\./i.test(address.host) ||
  (address.version === 6 && /^[0:]*:0*1$/.test(address.host));
