// The daemon's own log as xinetd writes it: the texts that administrators and their scripts know, and acceptd's sentence for the rest.
import { constants } from 'node:os';
import { type Diagnostic, escapeControls, isError } from '../model/diagnostic.ts';
import type { Event, Failure, Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import { describeEvent } from './log.ts';
import type { LogNotice } from './log-notice.ts';
import { writtenId } from './logged-service.ts';
import type { DaemonLevel, DaemonWriter } from './xinetd-daemon-line.ts';
import { showClient } from './xinetd-lines.ts';

export type XinetdDaemonLog = {
  readonly observer: Observer;
  /** To be called before the services are applied: for their names, and what becomes of each. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
  /** A reload has been asked for. */
  readonly startReload: () => void;
  readonly tellDiagnostics: (diagnostics: readonly Diagnostic[]) => void;
  /** What a log has to say of itself; also this one. */
  readonly tellNotice: (notice: LogNotice) => void;
};

/** What is in no service's own log, or is there too and yet known from here. */
const wantedKinds: ReadonlySet<Event['kind']> = new Set([
  'applied',
  'reload-refused',
  'stop-announced',
  'draining',
  'terminating',
  'stopped',
  'refused',
  'trapped',
  'suspended',
  'resumed',
  'listen-failed',
  'impaired',
  'inherited-unused',
  'start-failed',
  'loop-source-refused',
  'mux-refused',
  'datagrams-lost',
  'respawning',
  'shortage',
  'handler-said',
  'rpc-failed',
]);

const errorNumbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.errno));

/** xinetd puts the number behind the error's text. */
const withNumber = (text: string, { code }: Failure): string => {
  const number = errorNumbers.get(code);
  return number === undefined ? text : `${text} (errno = ${number})`;
};

/** What sensors' messages count in. */
const minutes = (denyTime: number | 'forever'): number =>
  denyTime === 'forever' ? -1 : Math.round(denyTime / 60_000);

export const createXinetdDaemonLog = (options: {
  readonly write: DaemonWriter;
  /** acceptd's name and version, where xinetd has its own. */
  readonly version: string;
  readonly pid: number;
}): XinetdDaemonLog => {
  let services = new Map<string, ResolvedService>();
  let ids: ReadonlySet<string> = new Set();
  let before: ReadonlySet<string> = new Set();
  let hasStarted = false;

  const write = (level: DaemonLevel, text: string): void => options.write(level, escapeControls(text));

  const nameOf = (id: string): string => writtenId(id, ids);

  const clientOf = (service: string, peer: Parameters<typeof showClient>[0]): string =>
    showClient(peer, services.get(service)?.surroundings ?? { showsMapped: false });

  const tellApplied = (event: Extract<Event, { readonly kind: 'applied' }>): void => {
    if (!hasStarted) {
      hasStarted = true;
      write('notice', `${options.version} started`);
      write(
        'notice',
        `Started working: ${event.services} available service${event.services === 1 ? '' : 's'}`,
      );
      return;
    }
    for (const id of ids) if (before.has(id)) write('notice', `readjusting service ${nameOf(id)}`);
    for (const id of event.dropped) write('notice', `service ${nameOf(id)} deactivated`);
    const counts = `new=${event.added} old=${event.services - event.added} dropped=${event.dropped.length}`;
    write('notice', `Reconfigured: ${counts} (services)`);
  };

  const tellRefused = ({
    service,
    reason,
    cause,
    peer,
  }: Extract<Event, { readonly kind: 'refused' }>): void => {
    const client = (): string => clientOf(service, peer);
    if (reason === 'load') {
      write('error', `refused connect from ${client()} due to excessive load`);
    } else if (reason === 'access' && cause === 'wrappers') {
      const name = services.get(service)?.access?.wrapperName ?? nameOf(service);
      write('info', `libwrap refused connection to ${nameOf(service)} (libwrap=${name}) from ${client()}`);
    }
  };

  const observe = (event: Event): void => {
    switch (event.kind) {
      case 'applied':
        tellApplied(event);
        return;
      case 'reload-refused':
        write('error', `reconfiguration failed: nothing has changed: ${event.why}`);
        return;
      case 'stopped':
        write('warning', 'Exiting...');
        return;
      case 'refused':
        tellRefused(event);
        return;
      case 'trapped': {
        if (event.denyTime === undefined) return;
        const client = clientOf(event.service, event.peer);
        const text = `Adding ${client} to the global_no_access list for ${minutes(event.denyTime)} minutes`;
        // at this level xinetd tells its pid and the place in its code
        write('critical', `${options.pid} {process_sensor} ${text}`);
        return;
      }
      case 'suspended': {
        const why =
          event.reason === 'descriptors' ? 'no available descriptors' : 'excessive incoming connections';
        const pause = Math.ceil(event.pause / 1000);
        write(
          'error',
          `Deactivating service ${nameOf(event.service)} due to ${why}.  Restarting in ${pause} seconds.`,
        );
        return;
      }
      case 'resumed':
        write('error', `Activating service ${nameOf(event.service)}`);
        return;
      case 'handler-said':
        write('notice', `${nameOf(event.service)}[${event.pid}]: ${event.line}`);
        return;
      case 'listen-failed':
      case 'start-failed':
      case 'rpc-failed':
      case 'shortage':
        write('error', withNumber(describeEvent(event), event.failure));
        return;
      case 'impaired':
        write('warning', withNumber(describeEvent(event), event.failure));
        return;
      case 'loop-source-refused':
      case 'mux-refused':
      case 'datagrams-lost':
      case 'respawning':
      case 'inherited-unused':
        write('warning', describeEvent(event));
        return;
      case 'stop-announced':
      case 'draining':
      case 'terminating':
        write('notice', describeEvent(event));
        return;
      case 'listening':
      case 'closed':
      case 'held':
      case 'rpc-registered':
      // a connection's way is in the log of its service
      case 'identified':
      case 'unidentified':
      case 'relayed':
      case 'started':
      case 'exited':
      case 'builtin-started':
      case 'builtin-ended':
      case 'traced':
      case 'accepted':
        return;
    }
  };

  return {
    observer: { isWanted: (kind) => wantedKinds.has(kind), observe },
    setServices: (next) => {
      before = ids;
      services = new Map(next.map((service) => [service.id, service]));
      ids = new Set(services.keys());
    },
    startReload: () => write('notice', 'Starting reconfiguration'),
    tellDiagnostics: (diagnostics) => {
      for (const diagnostic of diagnostics) {
        const { message, advice, at } = diagnostic;
        const place = `[file=${at.file}] [line=${at.line}]`;
        write(isError(diagnostic) ? 'error' : 'warning', `${message}; ${advice} ${place}`);
      }
    },
    tellNotice: ({ severity, text }) => write(severity, text),
  };
};
