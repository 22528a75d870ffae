// The observer that writes each service's own log, in xinetd's words (xinetd-lines.ts).
import type { Clock } from '../model/clock.ts';
import type { Event, Observer } from '../model/event.ts';
import { milliseconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import type { LogDestination } from '../model/service-log.ts';
import {
  addWantedKinds,
  type LineWriter,
  type LoggedService,
  loggedService,
  writtenId,
} from './logged-service.ts';
import {
  exitLine,
  failLine,
  logsExit,
  noUserLine,
  refusalWord,
  startLine,
  trafficLine,
  userLine,
} from './xinetd-lines.ts';

/** The places of all services' logs; operate/log-destinations.ts has the real ones. */
export type Destinations = {
  /** These are used from here on; the others are finished. A destination may come several times. */
  readonly use: (wanted: readonly LogDestination[]) => (destination: LogDestination) => LineWriter;
};

/** Services that are gone and whose instances are not: more would be a sign that their ends are not heard of. */
const mostRetired = 1_000;
/** A process that could not become its program; what it ends with (native/child.cc). */
const notExecuted = { kind: 'exit', code: 127 } as const;
const done = { kind: 'exit', code: 0 } as const;
const noTime = milliseconds(0);

export type XinetdLog = {
  readonly observer: Observer;
  /** To be called before the services are applied. Instances of services that are gone are still logged as before. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
};

export const createXinetdLog = (clock: Clock, destinations: Destinations): XinetdLog => {
  let entries = new Map<string, LoggedService>();
  let wanted: ReadonlySet<Event['kind']> = new Set();
  /** Ids of entries that no service has any more. */
  const retired = new Set<string>();

  const refresh = (): void => {
    const writerOf = destinations.use(Array.from(entries.values(), ({ destination }) => destination));
    const kinds = new Set<Event['kind']>();
    for (const entry of entries.values()) {
      entry.write = writerOf(entry.destination);
      addWantedKinds(entry, kinds);
    }
    wanted = kinds;
  };

  const setServices = (services: readonly ResolvedService[]): void => {
    const ids = new Set(services.map(({ id }) => id));
    const next = new Map<string, LoggedService>();
    retired.clear();
    for (const [id, entry] of entries) {
      if (ids.has(id) || entry.live === 0 || retired.size === mostRetired) continue;
      retired.add(id);
      next.set(id, entry);
    }
    for (const service of services) {
      if (service.serviceLog === undefined) continue;
      const { id, serviceLog } = service;
      next.set(id, loggedService(service, serviceLog, writtenId(id, ids), entries.get(id)?.live ?? 0));
    }
    entries = next;
    refresh();
  };

  const write = (
    { settings, write }: LoggedService,
    text: string,
    event: Extract<Event, { readonly service: string }>,
  ): void => {
    const pid = 'pid' in event ? event.pid : undefined;
    write({ text, service: settings.id, pid, peer: 'peer' in event ? event.peer : undefined });
  };

  const enter = (entry: LoggedService): void => {
    if (entry.hasEnds) entry.live += 1;
  };

  const leave = (entry: LoggedService, id: string): void => {
    if (!entry.hasEnds || entry.live === 0) return;
    entry.live -= 1;
    if (entry.live > 0 || !retired.delete(id)) return;
    entries.delete(id);
    // once for all that a reload has left
    if (retired.size === 0) refresh();
  };

  const observe = (event: Event): void => {
    if (!('service' in event) || !wanted.has(event.kind)) return;
    const entry = entries.get(event.service);
    if (entry === undefined) return;
    const { settings } = entry;
    const { onSuccess, onFailure } = settings;
    switch (event.kind) {
      case 'started':
        enter(entry);
        if (onSuccess.size > 0) write(entry, startLine(settings, event.pid, event.peer), event);
        return;
      case 'builtin-started':
        if (!entry.isDatagram) enter(entry);
        if (onSuccess.size > 0) write(entry, startLine(settings, 0, event.peer), event);
        return;
      case 'exited':
        if (logsExit(settings)) {
          const { pid, status, duration } = event;
          write(entry, exitLine(settings, pid, status, clock.wallClock(), duration), event);
        }
        leave(entry, event.service);
        return;
      case 'builtin-ended':
        if (logsExit(settings) && !entry.isBrief) {
          write(entry, exitLine(settings, 0, done, clock.wallClock(), event.duration), event);
        }
        leave(entry, event.service);
        return;
      case 'start-failed':
        if (event.pid === undefined) {
          // that a relay did not reach its target comes between its start and its end
          if (entry.isProgram && onFailure.size > 0)
            write(entry, failLine(settings, 'fork', event.peer), event);
          return;
        }
        // its start was told, so its end is
        if (logsExit(settings)) {
          write(entry, exitLine(settings, event.pid, notExecuted, clock.wallClock(), noTime), event);
        }
        leave(entry, event.service);
        return;
      case 'refused': {
        const word = refusalWord(event);
        if (word !== undefined && onFailure.size > 0)
          write(entry, failLine(settings, word, event.peer), event);
        return;
      }
      case 'trapped':
        if (onFailure.size > 0) write(entry, failLine(settings, 'address', event.peer), event);
        return;
      case 'relayed':
        if (onSuccess.has('traffic')) {
          write(entry, trafficLine(settings, event.bytesIn, event.bytesOut), event);
        }
        return;
      case 'identified':
        if (onSuccess.has('userid') || onFailure.has('userid')) {
          write(entry, userLine(settings, event.user), event);
        }
        return;
      case 'unidentified':
        if (entry.requiresUser) write(entry, noUserLine(settings, event.peer, event.why), event);
        return;
      case 'daemon-ready':
      case 'daemon-said':
      case 'daemon-stopping':
      case 'daemon-failed':
      case 'queue-stuck':
      case 'notify-ignored':
      case 'adopted':
      case 'not-adopted':
      case 'listening':
      case 'listen-failed':
      case 'impaired':
      case 'closed':
      case 'traced':
      case 'accepted':
      case 'loop-source-refused':
      case 'mux-refused':
      case 'datagrams-lost':
      case 'suspended':
      case 'resumed':
      case 'held':
      case 'respawning':
      case 'handler-said':
      case 'rpc-registered':
      case 'rpc-failed':
        // not in a service's own log: operate/xinetd-daemon-log.ts
        return;
    }
  };

  return { observer: { isWanted: (kind) => wanted.has(kind), observe }, setServices };
};
