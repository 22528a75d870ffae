// The lines of a service's own log in xinetd's words: one function a line, no state.
import type { Peer } from '../model/address.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { Event, ExitStatus, IdentFailure } from '../model/event.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import type { FailureField, SuccessField } from '../model/service-log.ts';

/** What the lines of one service need to know of it. */
export type LineSettings = {
  /** As the user wrote it. */
  readonly id: string;
  readonly onSuccess: ReadonlySet<SuccessField>;
  readonly onFailure: ReadonlySet<FailureField>;
  readonly showsMapped: boolean;
};

export const lineSettings = (service: ResolvedService, id: string): LineSettings => ({
  id: escapeControls(id),
  onSuccess: new Set(service.serviceLog?.onSuccess),
  onFailure: new Set(service.serviceLog?.onFailure),
  showsMapped: service.surroundings.showsMapped,
});

/** Where the client is unknown, as that of a server which accepts itself; no client of xinetd comes over a unix socket. */
const noAddress = '<no address>';

export const showClient = (
  peer: Peer | undefined,
  { showsMapped }: Pick<LineSettings, 'showsMapped'>,
): string => {
  if (peer?.kind !== 'internet') return noAddress;
  const { host } = peer;
  return showsMapped && !host.includes(':') ? `::ffff:${host}` : host;
};

export const startLine = (settings: LineSettings, pid: number, peer: Peer | undefined): string => {
  const { id, onSuccess } = settings;
  const pidPart = onSuccess.has('pid') ? ` pid=${pid}` : '';
  const hostPart = onSuccess.has('host') ? ` from=${showClient(peer, settings)}` : '';
  return `START: ${id}${pidPart}${hostPart}`;
};

/** Whether the end of an answer is a line. */
export const logsExit = ({ onSuccess }: LineSettings): boolean =>
  onSuccess.has('exit') || onSuccess.has('duration');

/** Between two readings of a clock that shows whole seconds. */
const wholeSeconds = (end: Date, duration: Milliseconds): number =>
  Math.max(0, Math.floor(end.getTime() / 1000) - Math.floor((end.getTime() - duration) / 1000));

export const exitLine = (
  { id, onSuccess }: LineSettings,
  pid: number,
  status: ExitStatus,
  end: Date,
  duration: Milliseconds,
): string => {
  const how = status.kind === 'exit' ? `status=${status.code}` : `signal=${status.signal}`;
  const statusPart = onSuccess.has('exit') ? ` ${how}` : '';
  const pidPart = onSuccess.has('pid') ? ` pid=${pid}` : '';
  const durationPart = onSuccess.has('duration') ? ` duration=${wholeSeconds(end, duration)}(sec)` : '';
  return `EXIT: ${id}${statusPart}${pidPart}${durationPart}`;
};

type Refusal = Pick<Extract<Event, { readonly kind: 'refused' }>, 'reason' | 'cause'>;

/** What xinetd would say where it has no word for it. */
const unknown = 'UNKNOWN';

/**
 * xinetd's word for a refusal; undefined where another line tells it (NOID). It has none for a connection's header that
 * cannot be understood and for a server that is about to end.
 */
export const refusalWord = ({ reason, cause }: Refusal): string | undefined => {
  switch (reason) {
    case 'access':
      if (cause === 'identity') return undefined;
      // who could not be looked up in time is kept out by a list as well
      return cause === 'wrappers' ? 'libwrap' : 'address';
    case 'time':
      return 'time';
    case 'load':
      return 'load';
    case 'instances':
      return 'service_limit';
    case 'per-source':
      return 'per_source_limit';
    case 'rate':
    case 'suspended':
      return 'connections per second';
    case 'processes':
      return cause === 'process-limit' ? 'process_limit' : 'fork';
    case 'descriptors':
      // there was nothing left to start a server with
      return 'fork';
    case 'header':
    case 'draining':
      return unknown;
  }
};

export const failLine = (settings: LineSettings, word: string, peer: Peer | undefined): string => {
  const { id, onFailure } = settings;
  return `FAIL: ${id} ${word}${onFailure.has('host') ? ` from=${showClient(peer, settings)}` : ''}`;
};

export const trafficLine = ({ id }: LineSettings, bytesIn: number, bytesOut: number): string =>
  `TRAFFIC: ${id} in=${bytesIn}(bytes) out=${bytesOut}(bytes)`;

/** The client's machine may say anything. */
export const userLine = ({ id }: LineSettings, user: string): string =>
  `USERID: ${id} ${escapeControls(user)}`;

export const noUserLine = (settings: LineSettings, peer: Peer, why: IdentFailure): string =>
  `NOID: ${settings.id} ${showClient(peer, settings)} ${why}`;
