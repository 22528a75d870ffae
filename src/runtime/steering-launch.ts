// The parts of a start in words: who answers, as whom, with which variables and descriptors.
import { type ConnectAddress, showAddress } from '../model/address.ts';
import type { LaunchPlan } from '../model/control.ts';
import type { AddressField, RecipeRequest } from '../model/recipe.ts';
import { type Answer, type ResolvedService, resourceNames, type Stream } from '../model/service.ts';
import type { Host } from '../serve/host.ts';

/** What a start puts in the place of a mark (model/daemon.ts, StartTexts). */
export const showMarks = (text: string): string => text.replace(/\0([iInN])/g, '%$1');

const showTarget = (target: ConnectAddress): string => {
  if (target.version === 'unix') return target.path;
  return `${target.version === 6 ? `[${target.host}]` : target.host}:${target.port}`;
};

export const sayAnswer = (answer: Answer, targets: readonly ConnectAddress[]): string => {
  switch (answer.kind) {
    case 'program':
      return 'program';
    case 'builtin':
      return `built-in ${answer.builtin}`;
    case 'relay':
      return `relay to ${targets.map(showTarget).join(', then ')}`;
    case 'sensor':
      return 'sensor';
  }
};

const fieldWords: Readonly<Record<AddressField, string>> = {
  remoteAddress: '<client address>',
  remotePort: '<client port>',
  localAddress: '<called address>',
  localPort: '<called port>',
  mappedRemoteAddress: '<client address>',
  peerPid: '<client pid>',
  peerUid: '<client uid>',
  peerGid: '<client gid>',
  peerName: '<client address>',
  cookie: '<socket cookie>',
};

export const sayEnvironment = (request: RecipeRequest): readonly string[] => {
  const { environment, addressVariables, pidVariables, hasPidfdVariable, hasInvocationId } = request;
  const lines = [
    ...environment.map(showMarks),
    ...addressVariables.map(({ name, field }) => `${name}=${fieldWords[field]}`),
    ...pidVariables.map((name) => `${name}=<its pid>`),
    ...(hasPidfdVariable ? ['LISTEN_PIDFDID=<inode of its pidfd>'] : []),
    ...(hasInvocationId ? ['INVOCATION_ID=<128 random bits>'] : []),
  ];
  // several kinds of clients may have the same variable
  return [...new Set(lines)];
};

const withNumber = (name: string, number: number): string =>
  name === String(number) ? name : `${name} (${number})`;

export const sayCredentials = (service: ResolvedService, host: Host): LaunchPlan['credentials'] => {
  // after + and ! a command keeps acceptd's
  const isOwn = (service.startTexts?.command.rights ?? 'service') !== 'service';
  const { userName, uid, gid, groups } = (isOwn ? undefined : service.credentials) ?? host;
  return { user: withNumber(userName, uid), group: String(gid), groups: groups.map(String) };
};

const sayStream = (stream: Stream, client: string): string => {
  switch (stream) {
    case 'client':
      return client;
    case 'null':
      return '/dev/null';
    case 'log':
      return "the service's log";
    default:
      return `${stream.path} (${stream.how})`;
  }
};

const socketWords = (service: ResolvedService): readonly string[] => {
  const { daemon, mode, addresses, surroundings } = service;
  if (daemon === undefined) return mode === 'per-connection' && surroundings.hasFd3 ? ['the connection'] : [];
  if (mode !== 'whole-socket' || daemon.activation === 'inetd') return [];
  if (daemon.activation === 'adopt') return [];
  return addresses.map((address) => `the socket of ${showAddress(address)}`);
};

/** What `client` means at a standard descriptor. */
const clientWord = ({ daemon, mode, addresses }: ResolvedService): string => {
  const [first] = addresses;
  if (daemon === undefined) return mode === 'per-connection' ? 'the connection' : 'the listening socket';
  return daemon.activation === 'inetd' && first !== undefined
    ? `the socket of ${showAddress(first)}`
    : '/dev/null';
};

export const sayDescriptors = (service: ResolvedService): readonly string[] => {
  const { stdin, stdout, stderr } = service.surroundings;
  const client = clientWord(service);
  const standard = [stdin, stdout, stderr].map((stream) => sayStream(stream, client));
  return [...standard, ...socketWords(service)].map((what, descriptor) => `${descriptor}: ${what}`);
};

const sayNumber = (value: number): string => (value < 0 ? 'unlimited' : String(value));

/** The kernel's numbers are in the order of the names. */
export const sayResourceLimit = ({ resource, soft, hard }: RecipeRequest['resourceLimits'][number]): string =>
  `${resourceNames[resource] ?? resource} ${sayNumber(soft)}:${sayNumber(hard)}`;
