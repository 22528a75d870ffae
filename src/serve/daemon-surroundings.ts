// What the server of all sockets of a service finds, by its activation (model/daemon.ts): descriptors and the words about them.
import { type ListenAddress, showAddress } from '../model/address.ts';
import type { Activation, CommandLine } from '../model/daemon.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { LayoutEntry, RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Host } from './host.ts';
import { processAttributes } from './process-attributes.ts';
import { streamEntry } from './surroundings.ts';
import { type Dynamic, own, type Variable, variablesOf } from './variables.ts';

/** An open socket of the service, in the order of its configuration. O_NONBLOCK of it is as its owner has set it. */
export type DaemonListener = { readonly descriptor: Descriptor; readonly address: ListenAddress };

/** A descriptor that an earlier process of the service has left in the store. */
export type StoredDescriptor = { readonly descriptor: Descriptor; readonly name: string };

/** What a process of a daemon is told besides its sockets. */
export type DaemonExtra = {
  /** undefined: nobody listens to its messages. */
  readonly notifySocket: string | undefined;
  readonly watchdog: Milliseconds | undefined;
  /** For commands beside the server. */
  readonly mainPid?: number | undefined;
  /** Where a server that adopts its sockets sends the descriptor of its filter. */
  readonly adoptChannel?: Descriptor | undefined;
  /** One for the server and its commands; undefined: a new one. */
  readonly invocation?: string | undefined;
  /** In place of the service's own command: of a oneshot, those that follow it. */
  readonly command?: CommandLine | undefined;
};

/** First of the descriptors that sd_listen_fds(3) looks at. */
const firstDescriptor = 3;
const microseconds = 1000;

/** What is not a name of a descriptor (sd_listen_fds(3)): a colon would make it two. */
const nameOf = (text: string): string => (/^[^:\p{Cc}]{1,255}$/u.test(text) ? text : 'unknown');

const listenerName = (service: ResolvedService, { address }: DaemonListener): string =>
  nameOf(address.own?.descriptorName ?? service.surroundings.descriptorName ?? service.name);

/** The name under which php-fpm looks for the socket of a pool: whatever `listen =` says, the numbers, and those of IPv6 without brackets. */
const poolAddress = (address: ListenAddress): string =>
  address.kind === 'internet' ? `${address.host}:${address.port}` : showAddress(address);

/** So many sockets php-fpm reads of one variable; the next is FPM_SOCKETS_1. */
const poolsAtOnce = 128;

const poolVariables = (listeners: readonly DaemonListener[]): readonly Variable[] => {
  const texts = listeners.map(({ address }, index) => `${poolAddress(address)}=${firstDescriptor + index}`);
  const variables: Variable[] = [];
  for (let from = 0; from < texts.length; from += poolsAtOnce) {
    const name = from === 0 ? 'FPM_SOCKETS' : `FPM_SOCKETS_${from / poolsAtOnce}`;
    variables.push([name, texts.slice(from, from + poolsAtOnce).join(',')]);
  }
  return variables;
};

/** Each number is ended, also the last one: nginx leaves out what is not. */
const nginxSockets = (listeners: readonly DaemonListener[]): string =>
  listeners.map((_, index) => `${firstDescriptor + index};`).join('');

/** What the sockets from descriptor 3 on are called. */
const listenVariables = (
  service: ResolvedService,
  listeners: readonly DaemonListener[],
  stored: readonly StoredDescriptor[],
): readonly Variable[] => {
  const names = [
    ...listeners.map((each) => listenerName(service, each)),
    ...stored.map(({ name }) => nameOf(name)),
  ];
  if (names.length === 0) return [];
  return [
    ['LISTEN_FDS', String(names.length)],
    ['LISTEN_FDNAMES', names.join(':')],
  ];
};

const socketVariables = (
  activation: Activation,
  service: ResolvedService,
  listeners: readonly DaemonListener[],
  stored: readonly StoredDescriptor[],
): readonly Variable[] => {
  switch (activation) {
    case 'listen-fds':
      return listenVariables(service, listeners, stored);
    case 'nginx':
      return listeners.length === 0 ? [] : [['NGINX', nginxSockets(listeners)]];
    case 'php-fpm':
      return listeners.length === 0 ? [] : poolVariables(listeners);
    case 'inetd':
    case 'adopt':
      return listenVariables(service, [], stored);
    case 'none':
      return [];
  }
};

const messageVariables = (service: ResolvedService, extra: DaemonExtra): readonly Variable[] => {
  const variables: Variable[] = [];
  if (extra.notifySocket !== undefined) variables.push(['NOTIFY_SOCKET', extra.notifySocket]);
  if (extra.watchdog !== undefined) {
    variables.push(['WATCHDOG_USEC', String(Math.round(extra.watchdog * microseconds))]);
  }
  const storeLimit = service.daemon?.storeLimit ?? 0;
  if (storeLimit > 0 && extra.notifySocket !== undefined) variables.push(['FDSTORE', String(storeLimit)]);
  if (extra.mainPid !== undefined) variables.push(['MAINPID', String(extra.mainPid)]);
  if (extra.invocation !== undefined) variables.push([own.invocation, extra.invocation]);
  return variables;
};

const programOf = ({ id, answer }: ResolvedService) => {
  if (answer.kind === 'program') return answer;
  if (answer.kind === 'relay' && answer.backend !== undefined) return answer.backend;
  throw new Error(`${id} has no server`);
};

/** The three standard descriptors; without a socket of its own there is nothing that a client could be. */
const standardStreams = (
  { surroundings }: ResolvedService,
  client: LayoutEntry,
  log: Descriptor | undefined,
): readonly LayoutEntry[] =>
  [surroundings.stdin, surroundings.stdout, surroundings.stderr].map((stream) =>
    streamEntry(stream, client, log),
  );

/**
 * The request for a server with all its sockets. To be started with
 * `kernel.spawn(kernel.compileRecipe(request), kernel.standardError, undefined, 'keep')`: all that it gets stands in the
 * layout. O_NONBLOCK belongs to the open socket and not to the descriptor: whoever starts it calls kernel.setBlocking()
 * on each listener before, with the opposite of the daemon's isNonBlocking.
 */
export const daemonRequest = (
  service: ResolvedService,
  listeners: readonly DaemonListener[],
  stored: readonly StoredDescriptor[],
  extra: DaemonExtra,
  host: Host,
  log: Descriptor | undefined,
): RecipeRequest => {
  const { daemon } = service;
  const activation = daemon?.activation ?? 'none';
  const isInetd = activation === 'inetd';
  const client = isInetd ? (listeners[0]?.descriptor ?? 'null') : 'null';
  const passed = isInetd || activation === 'adopt' ? [] : listeners.map(({ descriptor }) => descriptor);
  const told = socketVariables(activation, service, listeners, stored);
  const hasListenPid = daemon?.listenPid !== 'omit' && told.some(([name]) => name === 'LISTEN_FDS');
  const dynamic: Dynamic = {
    addressVariables: [],
    pidVariables: [
      ...(hasListenPid ? [own.listenPid] : []),
      ...(extra.watchdog === undefined ? [] : ['WATCHDOG_PID']),
    ],
    hasPidfdVariable: hasListenPid && service.surroundings.hasUnitVariables,
  };
  const { file, arguments: words } = extra.command ?? programOf(service);
  return {
    file,
    arguments: words,
    ...variablesOf(service, host, [...told, ...messageVariables(service, extra)], dynamic),
    layout: [
      ...standardStreams(service, client, log),
      ...passed,
      ...stored.map(({ descriptor }) => descriptor),
    ],
    ...processAttributes(service, host, extra.command?.rights),
    adoptChannel: extra.adoptChannel,
  };
};

/** The request for a command beside the server (ExecStartPre= and its kin), which has no sockets. `$` and the instance are for completeRequest(). */
export const commandLineRequest = (
  service: ResolvedService,
  command: CommandLine,
  extra: DaemonExtra,
  host: Host,
  log: Descriptor | undefined,
): RecipeRequest => ({
  file: command.file,
  arguments: command.arguments,
  ...variablesOf(service, host, messageVariables(service, { ...extra, watchdog: undefined }), {
    addressVariables: [],
    pidVariables: [],
    hasPidfdVariable: false,
  }),
  layout: standardStreams(service, 'null', log),
  ...processAttributes(service, host, command.rights),
  adoptChannel: undefined,
});
