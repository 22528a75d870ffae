// What a handler finds (design.md, section 7): from a resolved service to the recipe that the engine compiles.
import type { Descriptor } from '../model/descriptor.ts';
import { type AddressField, type LayoutEntry, type RecipeRequest, resourceNumber } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';

/** What acceptd knows of itself that a handler's surroundings depend on. */
export type Host = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whom acceptd runs as; a handler that runs as the same needs no change. */
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** RLIMIT_NOFILE before acceptd raised it. */
  readonly descriptorLimit: { readonly soft: number; readonly hard: number };
};

const cleanPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Never passed on, whatever `passenv` says: they speak of acceptd itself, not of the handler. */
const isOwn = (name: string): boolean => /^(?:NOTIFY_SOCKET|WATCHDOG_|LISTEN_|NODE_|MAINPID$)/.test(name);

type Variable = { readonly name: string; readonly field: AddressField };

const internetVariables = (address: AddressField): readonly Variable[] => [
  { name: 'REMOTE_ADDR', field: address },
  { name: 'REMOTE_PORT', field: 'remotePort' },
  { name: 'REMOTE_HOST', field: address },
];

/** The names of ucspi-tcp; a datagram handler finds the same with UDP in front, as with udpsvd. */
const ucspiVariables = (prefix: 'TCP' | 'UDP', address: AddressField): readonly Variable[] => [
  { name: `${prefix}REMOTEIP`, field: address },
  { name: `${prefix}REMOTEPORT`, field: 'remotePort' },
  { name: `${prefix}LOCALIP`, field: 'localAddress' },
  { name: `${prefix}LOCALPORT`, field: 'localPort' },
];

const unixVariables: readonly Variable[] = [
  { name: 'IPCREMOTEPID', field: 'peerPid' },
  { name: 'IPCREMOTEEUID', field: 'peerUid' },
  { name: 'IPCREMOTEEGID', field: 'peerGid' },
];

type Kind = 'TCP' | 'UDP' | 'IPC';

/** A member of tcpmux has no address of its own and comes in over TCP. */
const kindOf = (service: ResolvedService): Kind => {
  const [first] = service.addresses;
  if (first?.kind === 'unix') return 'IPC';
  return first?.socketType === 'dgram' ? 'UDP' : 'TCP';
};

const hasClient = (service: ResolvedService): boolean => service.mode === 'per-connection';

/** The server of a whole socket of streams has no client yet; of datagrams it is the sender of the first one. */
const knowsClient = (service: ResolvedService): boolean => hasClient(service) || kindOf(service) === 'UDP';

const addressVariables = (service: ResolvedService): readonly Variable[] => {
  if (!service.surroundings.hasAddressVariables || !knowsClient(service)) return [];
  const kind = kindOf(service);
  if (kind === 'IPC') return unixVariables;
  const address = service.surroundings.showsMapped ? 'mappedRemoteAddress' : 'remoteAddress';
  return [...internetVariables(address), ...ucspiVariables(kind, address)];
};

const hasFd3 = (service: ResolvedService): boolean => service.surroundings.hasFd3 && hasClient(service);

const environmentOf = (service: ResolvedService, host: Host): readonly string[] => {
  const { surroundings } = service;
  const variables = new Map([['PATH', cleanPath]]);
  const passesAll = surroundings.passedVariables.includes('*');
  for (const [name, value] of Object.entries(host.environment)) {
    const isPassed = passesAll || surroundings.passedVariables.includes(name);
    if (isPassed && value !== undefined && !isOwn(name)) variables.set(name, value);
  }
  if (surroundings.hasAddressVariables && knowsClient(service)) variables.set('PROTO', kindOf(service));
  if (hasFd3(service)) {
    variables.set('LISTEN_FDS', '1');
    variables.set('LISTEN_FDNAMES', 'connection');
  }
  for (const { name, value } of surroundings.environment) variables.set(name, value);
  return [...variables].map(([name, value]) => `${name}=${value}`);
};

const layoutOf = (service: ResolvedService, log: Descriptor | undefined): readonly LayoutEntry[] => {
  const stderr: LayoutEntry = service.surroundings.stderr === 'client' ? 'handed' : (log ?? 'null');
  return hasFd3(service) ? ['handed', 'handed', stderr, 'handed'] : ['handed', 'handed', stderr];
};

/** INR_OPEN_CUR of the kernel, and FD_SETSIZE of select(2). */
const usualDescriptorLimit = 1024;

const limitNumber = (value: number | undefined): number => value ?? -1;

const resourceLimitsOf = (service: ResolvedService, host: Host): RecipeRequest['resourceLimits'] => {
  const limits = service.process.resourceLimits.map(({ resource, soft, hard }) => ({
    resource: resourceNumber(resource),
    soft: limitNumber(soft),
    hard: limitNumber(hard),
  }));
  const nofile = resourceNumber('nofile');
  if (limits.some(({ resource }) => resource === nofile)) return limits;
  // Node raises the soft limit to the hard one before any of our code runs, so what it was is not known; a program that
  // uses select(2) expects the kernel's usual one
  const { soft, hard } = host.descriptorLimit;
  return [...limits, { resource: nofile, soft: Math.min(soft, usualDescriptorLimit), hard }];
};

/** What must be set; three system calls less where that is nothing. */
const credentialsOf = ({ credentials }: ResolvedService, host: Host): RecipeRequest['credentials'] => {
  if (credentials === undefined) return undefined;
  const isSame =
    credentials.uid === host.uid &&
    credentials.gid === host.gid &&
    credentials.groups.length === host.groups.length &&
    credentials.groups.every((group) => host.groups.includes(group));
  return isSame ? undefined : credentials;
};

/** The request for a service's recipe. `log` is where its stderr goes when that is the log. */
export const recipeRequest = (
  service: ResolvedService,
  program: { readonly file: string; readonly arguments: readonly string[] },
  host: Host,
  log: Descriptor | undefined,
): RecipeRequest => ({
  file: program.file,
  arguments: program.arguments,
  environment: environmentOf(service, host),
  addressVariables: addressVariables(service),
  hasListenPid: hasFd3(service),
  layout: layoutOf(service, log),
  resourceLimits: resourceLimitsOf(service, host),
  hasSession: service.process.hasSession,
  nice: service.process.nice,
  umask: service.process.umask,
  rootDirectory: service.process.rootDirectory,
  workingDirectory: service.process.workingDirectory,
  credentials: credentialsOf(service, host),
});
