// Every message that acceptd writes of what happens: one record an event, all texts in this file.
import { describeAddress, showPeer } from '../model/address.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { Event, ExitStatus } from '../model/event.ts';
import { showDuration } from '../model/quantity.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export type Severity = Exclude<LogLevel, 'silent'>;

/** A connection's moments are for who measures, and how many came for who counts. */
export type LoggedEvent = Exclude<Event, { readonly kind: 'traced' | 'accepted' }>;

const signalName = (number: number): string => `signal ${number}`;

const showStatus = (status: ExitStatus): string =>
  status.kind === 'exit'
    ? `exit status ${status.code}`
    : `${signalName(status.signal)}${status.dumpedCore ? ', core dumped' : ''}`;

export const isLogged = (event: Event): event is LoggedEvent => isLoggedKind(event.kind);
export const isLoggedKind = (kind: Event['kind']): kind is LoggedEvent['kind'] =>
  kind !== 'traced' && kind !== 'accepted';

/** How much an event matters. Known before the event is made, so that one nobody wants costs nothing. */
export const levelOf = (kind: LoggedEvent['kind']): Severity => {
  switch (kind) {
    case 'held':
      return 'debug';
    case 'listening':
    case 'closed':
    case 'started':
    case 'exited':
    case 'builtin-started':
    case 'builtin-ended':
    case 'handler-said':
    case 'resumed':
    case 'rpc-registered':
    case 'identified':
    case 'relayed':
    case 'applied':
    case 'stop-announced':
    case 'draining':
    case 'terminating':
    case 'stopped':
    case 'daemon-ready':
    case 'daemon-said':
    case 'daemon-stopping':
    case 'adopted':
      return 'info';
    case 'refused':
    case 'unidentified':
    case 'trapped':
    case 'loop-source-refused':
    case 'mux-refused':
    case 'datagrams-lost':
    case 'suspended':
    case 'respawning':
    case 'shortage':
    case 'rpc-failed':
    case 'impaired':
    case 'inherited-unused':
    case 'notify-ignored':
    case 'queue-stuck':
    case 'not-adopted':
      return 'warn';
    case 'listen-failed':
    case 'start-failed':
    case 'reload-refused':
    case 'daemon-failed':
      return 'error';
  }
};

/** The cause stands beside a reason that has several; a list is what everybody expects behind `access`. */
const showReason = ({ reason, cause }: Extract<Event, { readonly kind: 'refused' }>): string =>
  cause === undefined || cause === 'list' ? reason : `${reason}: ${cause}`;

const showDenyTime = (time: Extract<Event, { readonly kind: 'trapped' }>['denyTime']): string => {
  if (time === undefined) return 'and is only told';
  return `and is kept out ${time === 'forever' ? 'for good' : `for ${showDuration(time)}`}`;
};

const showPid = (pid: number | undefined): string => (pid === undefined ? '' : `, pid ${pid}`);

const showRestart = (pause: Extract<Event, { readonly kind: 'daemon-failed' }>['restartIn']): string =>
  pause === undefined ? '' : `; next start in ${showDuration(pause)}`;

const saidWhat = {
  status: '',
  reloading: 'reloading',
  stopping: 'stopping by itself',
  'main-pid': 'its main process is ',
  errno: 'failed with errno ',
} as const satisfies Record<Extract<Event, { readonly kind: 'daemon-said' }>['what'], string>;

/** What it says of itself may come with what it does. */
const showSaid = ({ what, text }: Extract<Event, { readonly kind: 'daemon-said' }>): string => {
  const isOnItsOwn = what === 'reloading' || what === 'stopping';
  return `${saidWhat[what]}${isOnItsOwn && text !== '' ? ': ' : ''}${text}`;
};

/** `finger: started pid 123 for 10.0.0.1:4711`: the sentence of an event, in which nothing can break a line. */
export const describeEvent = (event: LoggedEvent): string => escapeControls(sentenceOf(event));

const sentenceOf = (event: LoggedEvent): string => {
  switch (event.kind) {
    case 'listening':
      return `${event.service}: listening on ${describeAddress(event.address)}`;
    case 'listen-failed':
      return `${event.service}: ${event.failure.what}; trying again in ${showDuration(event.retryIn)}`;
    case 'inherited-unused':
      return `nobody listens on the socket '${event.name}' that acceptd was started with (${event.what}); it is closed`;
    case 'closed':
      return `${event.service}: no longer listening on ${describeAddress(event.address)}`;
    case 'refused':
      return `${event.service}: refused ${event.peer === undefined ? 'a client' : showPeer(event.peer)} (${showReason(event)})`;
    case 'identified':
      return `${event.service}: ${showPeer(event.peer)} is ${event.user}, its machine says`;
    case 'unidentified':
      return `${event.service}: who ${showPeer(event.peer)} is could not be told: ${event.why}`;
    case 'relayed':
      return `${event.service}: relayed ${event.bytesIn} bytes from ${showPeer(event.peer)} and ${event.bytesOut} to it`;
    case 'trapped':
      return `${event.service}: ${showPeer(event.peer)} called the sensor, ${showDenyTime(event.denyTime)}`;
    case 'started':
      return `${event.service}: started pid ${event.pid}${event.peer === undefined ? '' : ` for ${showPeer(event.peer)}`}`;
    case 'start-failed':
    case 'impaired':
      return `${event.service}: ${event.failure.what}`;
    case 'exited':
      return `${event.service}: pid ${event.pid} ended after ${showDuration(event.duration)}, ${showStatus(event.status)}`;
    case 'builtin-started':
      return `${event.service}: serving ${showPeer(event.peer)}`;
    case 'builtin-ended':
      return `${event.service}: served ${showPeer(event.peer)} for ${showDuration(event.duration)} (${event.outcome})`;
    case 'loop-source-refused':
      return `${event.service}: no reply to ${showPeer(event.peer)}, which would answer it for ever; ${event.suppressed} more such`;
    case 'mux-refused':
      return `${event.service}: ${showPeer(event.peer)} asked for '${event.requested}', which is not offered`;
    case 'datagrams-lost':
      return `${event.service}: ${event.count} datagrams of other senders lost; CAP_NET_RAW would keep them`;
    case 'suspended':
      return `${event.service}: beyond its limit (${event.reason}), listening again in ${showDuration(event.pause)}`;
    case 'resumed':
      return `${event.service}: listening again`;
    case 'held':
      return `${event.service}: all ${event.limit} instances are busy, clients wait`;
    case 'respawning':
      return `${event.service}: its server left what waits for it unread ${event.failures} times, next start in ${showDuration(event.pause)}`;
    case 'shortage':
      return `out of ${event.of}: ${event.failure.what}; accepting again in ${showDuration(event.pause)}`;
    case 'handler-said':
      return event.line;
    case 'rpc-registered':
      return `${event.service}: registered RPC program ${event.program} version ${event.version} at port ${event.port}`;
    case 'rpc-failed':
      return `${event.service}: RPC program ${event.program} is not registered: ${event.failure.what}`;
    case 'applied':
      return `${event.services} services: ${event.opened} listeners opened, ${event.kept} kept, ${event.retuned} changed, ${event.closed} closed`;
    case 'reload-refused':
      return `configuration not reloaded, nothing has changed: ${event.why}`;
    case 'stop-announced':
      return `stopping in ${showDuration(event.delay)}: clients are served until then, and ought to be sent elsewhere`;
    case 'draining':
      return `stopping: ${event.instances} instances have ${showDuration(event.grace)} to end`;
    case 'terminating':
      return `sending SIG${event.signal} to ${event.instances} instances`;
    case 'stopped':
      return 'stopped';
    case 'daemon-ready':
      return `${event.service}: ready after ${showDuration(event.after)}${showPid(event.pid)}`;
    case 'daemon-said':
      return `${event.service}: ${showSaid(event)}`;
    case 'daemon-stopping':
      return `${event.service}: stopping${showPid(event.pid)} (${event.why})`;
    case 'daemon-failed':
      return `${event.service}: ${event.failure.what}${showRestart(event.restartIn)}`;
    case 'queue-stuck':
      return `${event.service}: ${event.waiting === 1 ? '1 client waits' : `${event.waiting} clients wait`} at ${describeAddress(event.address)} and its server accepts none; does it use the socket that it was given?`;
    case 'notify-ignored':
      return `${event.service}: a message of pid ${event.pid} to its notify socket does not count: ${event.why}`;
    case 'adopted':
      return `${event.service}: pid ${event.pid} has got ${describeAddress(event.address)}`;
    case 'not-adopted':
      return `${event.service}: pid ${event.pid} binds ${event.place} ${event.why}`;
  }
};
