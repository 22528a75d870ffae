// What a handler finds (design.md, section 7): from a resolved service to the recipe that the engine compiles.
import type { Descriptor } from '../model/descriptor.ts';
import type { AddressField, LayoutEntry, RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService, Stream } from '../model/service.ts';
import type { Host } from './host.ts';
import { processAttributes } from './process-attributes.ts';
import { own, type Variable, variablesOf } from './variables.ts';

type AddressVariable = { readonly name: string; readonly field: AddressField };

const internetVariables = (address: AddressField): readonly AddressVariable[] => [
  { name: 'REMOTE_ADDR', field: address },
  { name: 'REMOTE_PORT', field: 'remotePort' },
  { name: 'REMOTE_HOST', field: address },
];

/** The names of ucspi-tcp; a datagram handler finds the same with UDP in front, as with udpsvd. */
const ucspiVariables = (prefix: 'TCP' | 'UDP', address: AddressField): readonly AddressVariable[] => [
  { name: `${prefix}REMOTEIP`, field: address },
  { name: `${prefix}REMOTEPORT`, field: 'remotePort' },
  { name: `${prefix}LOCALIP`, field: 'localAddress' },
  { name: `${prefix}LOCALPORT`, field: 'localPort' },
];

const unixVariables: readonly AddressVariable[] = [
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

const addressVariables = (service: ResolvedService): readonly AddressVariable[] => {
  const { hasAddressVariables, showsMapped } = service.surroundings;
  if (!hasAddressVariables || !knowsClient(service)) return [];
  const kind = kindOf(service);
  if (kind === 'IPC') return unixVariables;
  const address = showsMapped ? 'mappedRemoteAddress' : 'remoteAddress';
  return [...internetVariables(address), ...ucspiVariables(kind, address)];
};

/** What a unit's program finds of its connection. Sockets of several kinds may be one unit's: who has no such part has no such variable. */
const unitAddressVariables: readonly AddressVariable[] = [
  { name: 'REMOTE_ADDR', field: 'remoteAddress' },
  { name: 'REMOTE_PORT', field: 'remotePort' },
  { name: 'REMOTE_ADDR', field: 'peerName' },
  { name: 'SO_COOKIE', field: 'cookie' },
];

const connectionVariables = (service: ResolvedService): readonly AddressVariable[] => {
  if (!service.surroundings.hasUnitVariables || !hasClient(service)) return addressVariables(service);
  const more = addressVariables(service).filter(({ name }) => !/^REMOTE_(?:ADDR|PORT)$/.test(name));
  return [...unitAddressVariables, ...more];
};

const hasFd3 = (service: ResolvedService): boolean => service.surroundings.hasFd3 && hasClient(service);

/** What stands at a standard descriptor. */
export const streamEntry = (
  stream: Stream,
  client: LayoutEntry,
  log: Descriptor | undefined,
): LayoutEntry => {
  if (stream === 'client') return client;
  return stream === 'log' ? (log ?? 'null') : stream;
};

const layoutOf = (service: ResolvedService, log: Descriptor | undefined): readonly LayoutEntry[] => {
  const { stdin, stdout, stderr } = service.surroundings;
  const standard = [stdin, stdout, stderr].map((stream) => streamEntry(stream, 'handed', log));
  return hasFd3(service) ? [...standard, 'handed'] : standard;
};

const toldVariables = (service: ResolvedService): readonly Variable[] => {
  const { hasAddressVariables, descriptorName } = service.surroundings;
  const told: Variable[] = [];
  if (hasAddressVariables && knowsClient(service)) told.push(['PROTO', kindOf(service)]);
  if (!hasFd3(service)) return told;
  return [...told, ['LISTEN_FDS', '1'], ['LISTEN_FDNAMES', descriptorName ?? 'connection']];
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
  ...variablesOf(service, host, toldVariables(service), {
    addressVariables: connectionVariables(service),
    pidVariables: hasFd3(service) ? [own.listenPid] : [],
    hasPidfdVariable: hasFd3(service) && service.surroundings.hasUnitVariables,
  }),
  layout: layoutOf(service, log),
  ...processAttributes(service, host),
  adoptChannel: undefined,
});
