// Services as they are compared: what only says the same in another way, or has no effect, is made one.
import { isIPv4, isIPv6 } from 'node:net';
import type { Access, ClientPattern, TimeRange } from '../model/access.ts';
import type { Endpoint } from '../model/address.ts';
import type { Limits } from '../model/limits.ts';
import { isMapped, type Network, networkOf, parseAddress } from '../model/network.ts';
import { parseCount } from '../model/quantity.ts';
import type { Answer, BuiltinName, ResourceLimit, Service } from '../model/service.ts';

/** The number of a port that has a name; undefined where nobody knows it. */
export type PortNumber = (name: string, protocol: 'tcp' | 'udp') => number | undefined;

const lastMinute = 24 * 60 - 1;

/** Over midnight is up to it and from it on; 24:00 is the end of its last minute. */
const splitRange = ({ from, to }: TimeRange): readonly TimeRange[] => {
  const end = Math.min(to, lastMinute);
  return from <= end
    ? [{ from, to: end }]
    : [
        { from, to: lastMinute },
        { from: 0, to: end },
      ];
};

export const splitTimes = (times: readonly TimeRange[]): readonly TimeRange[] => times.flatMap(splitRange);

const everyIpv4: ClientPattern = { kind: 'network', network: { version: 4, address: '0.0.0.0', prefix: 0 } };

/** A network of IPv6 that holds the mapped addresses, as ::/0 does, means all clients of IPv4 too. */
const holdsMapped = ({ version, address, prefix }: Network): boolean =>
  version === 6 && prefix < 96 && networkOf(mappedBytes, prefix).address === address;
const mappedBytes = Uint8Array.from({ length: 16 }, (_, index) => (index === 10 || index === 11 ? 255 : 0));

/** Each client once, all of IPv4 named where it is meant. */
export const normalPatterns = (patterns: readonly ClientPattern[]): readonly ClientPattern[] => {
  const all = patterns.flatMap((pattern) =>
    pattern.kind === 'network' && holdsMapped(pattern.network) ? [pattern, everyIpv4] : [pattern],
  );
  return [...new Map(all.map((pattern) => [JSON.stringify(pattern), pattern])).values()];
};

const openAccess: Access = {
  onlyFrom: undefined,
  noAccess: [],
  times: [],
  maxLoad: undefined,
  wrapperName: undefined,
};

const normalAccess = (access = openAccess): Access => ({
  ...access,
  onlyFrom: access.onlyFrom && normalPatterns(access.onlyFrom),
  noAccess: normalPatterns(access.noAccess),
  times: splitTimes(access.times),
});

/** Clients of IPv4 come to no other address of IPv6 than these. */
export const takesMapped = (host: string): boolean => {
  const bytes = parseAddress(host);
  return bytes !== undefined && (isMapped(bytes) || bytes.every((byte) => byte === 0));
};

const orAll = (host: string): string =>
  parseAddress(host)?.every((byte) => byte === 0) === true ? '*' : host;

/** A numeric address has its version whatever the protocol says; both versions are one of each. */
export const normalEndpoints = (endpoint: Endpoint, portNumber: PortNumber): readonly Endpoint[] => {
  if (endpoint.kind !== 'internet') return [endpoint];
  const protocol = endpoint.socketType === 'stream' ? 'tcp' : 'udp';
  const number = parseCount(endpoint.port) ?? portNumber(endpoint.port, protocol);
  const internet = { ...endpoint, port: number === undefined ? endpoint.port : String(number) };
  const host = orAll(internet.host);
  if (isIPv4(internet.host)) return [{ ...internet, host, family: 'v4' }];
  if (isIPv6(internet.host)) {
    const family = internet.family === 'dual' && takesMapped(internet.host) ? 'dual' : 'v6';
    return [{ ...internet, host, family }];
  }
  return internet.family === 'both'
    ? [
        { ...internet, family: 'v4' },
        { ...internet, family: 'v6' },
      ]
    : [internet];
};

/** Where nobody is refused, both ways to wait are one. */
export const normalOnRate = ({ rate, onRate, onLimit }: Limits): Limits['onRate'] => {
  if (rate === undefined) return 'wait';
  return onRate === 'wait' && onLimit === 'hold' ? 'hold' : onRate;
};

const normalLimits = (limits: Limits): Limits => {
  const hasSources = limits.perSource !== undefined || limits.perSourceRate !== undefined;
  return {
    ...limits,
    sourcePrefix: hasSources ? limits.sourcePrefix : { v4: 32, v6: 128 },
    onRate: normalOnRate(limits),
    onLimit: limits.instances === undefined ? 'hold' : limits.onLimit,
  };
};

/** Limits of different resources are set one after the other, in whatever order. */
const sortLimits = (limits: readonly ResourceLimit[]): readonly ResourceLimit[] =>
  [...limits].sort((left, right) => (left.resource < right.resource ? -1 : 1));

/** All that a service is; where it came from is no part of that. */
export const exactService = (service: Service): unknown => {
  const { origin: _, dialect: __, process, ...parts } = service;
  return { ...parts, process: { ...process, resourceLimits: sortLimits(process.resourceLimits) } };
};

/** Built-ins that say something else in the form of xinetd. */
export const hasForms = (builtin: BuiltinName): boolean => builtin === 'daytime' || builtin === 'chargen';

const normalAnswer = (answer: Answer): Answer =>
  answer.kind === 'builtin' && !hasForms(answer.builtin) ? { ...answer, format: undefined } : answer;

/** Where acceptd itself answers, no process is started that could have a user or an environment. */
const withoutProcess = {
  credentials: { user: undefined, group: undefined, supplementaryGroups: undefined },
  process: undefined,
  surroundings: undefined,
} as const;

export type NormalService = Omit<
  Service,
  'origin' | 'dialect' | 'name' | 'credentials' | 'process' | 'surroundings'
> & {
  readonly credentials: Service['credentials'];
  readonly process: Service['process'] | undefined;
  readonly surroundings: Service['surroundings'] | { readonly showsMapped: boolean } | undefined;
};

/**
 * A daemon's own working directory is / and its umask 022, so that nothing written is the same as those. Names are
 * labels beside the id.
 */
export const normalService = (service: Service, portNumber: PortNumber): NormalService => {
  const { origin: _, dialect: __, name: ___, ...parts } = service;
  const { credentials, process, surroundings, identity } = service;
  const hasUser = credentials.user !== undefined || credentials.group !== undefined;
  const hasIdentity = identity?.whenAdmitted || identity?.whenRefused || identity?.isRequired;
  const { answer } = service;
  const isProgram = answer.kind === 'program' || (answer.kind === 'relay' && answer.backend !== undefined);
  return {
    ...parts,
    endpoints: service.endpoints.flatMap((endpoint) => normalEndpoints(endpoint, portNumber)),
    answer: normalAnswer(answer),
    access: normalAccess(service.access),
    banners: service.banners ?? { always: undefined, success: undefined, failure: undefined },
    identity: hasIdentity ? identity : undefined,
    limits: normalLimits(service.limits),
    credentials: hasUser ? credentials : withoutProcess.credentials,
    process: {
      ...process,
      workingDirectory: process.workingDirectory ?? '/',
      umask: process.umask ?? 0o022,
      resourceLimits: sortLimits(process.resourceLimits),
    },
    surroundings,
    ...(isProgram ? {} : { ...withoutProcess, surroundings: { showsMapped: surroundings.showsMapped } }),
  };
};
