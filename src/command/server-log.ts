// Where a server writes: of itself as records on stderr or in xinetd's form, and each service's own log beside that.
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { SyslogFacility } from '../model/service-log.ts';
import type { Kernel } from '../native/kernel.ts';
import type { LogLevel } from '../operate/log.ts';
import { createLogPlaces } from '../operate/log-destinations.ts';
import { createLogFile } from '../operate/log-file.ts';
import type { LogNotice, TellNotice } from '../operate/log-notice.ts';
import { createSyslog, usualLogSocket } from '../operate/syslog.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { type DaemonWriter, daemonFileWriter, daemonSyslogWriter } from '../operate/xinetd-daemon-line.ts';
import { createXinetdDaemonLog } from '../operate/xinetd-daemon-log.ts';
import { createXinetdLog } from '../operate/xinetd-log.ts';
import { type LogFormat, openRecordLog, type RecordLog } from './record-log.ts';
import { readVersion } from './version.ts';

/** Where acceptd writes of itself: its own records on stderr; or, in xinetd's form, a file or syslog. */
export type DaemonLog =
  | { readonly kind: 'records' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'syslog'; readonly facility: SyslogFacility };

export type LogOptions = {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly daemonLog: DaemonLog;
  readonly syslogFormat: SyslogFormat;
};

export type ServerLog = Pick<RecordLog, 'say' | 'tell' | 'flush'> & {
  readonly observers: readonly Observer[];
  /** To be called before the services are applied. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
  /** A reload has been asked for: files that were renamed are let go of. */
  readonly startReload: () => void;
};

/** The name that parsers of xinetd's logs know. */
const ident = 'xinetd';

const levels = { info: 'info', warn: 'warning', error: 'error' } as const;

const noLimits = { soft: undefined, hard: undefined };

/** acceptd's own words of itself: what the records say, and what becomes of a reload. */
type OwnLog = Pick<ServerLog, 'say' | 'tell' | 'setServices' | 'startReload'> & {
  readonly observer: Observer;
  readonly tellNotice: TellNotice;
};

const noticeSeverities = { info: 'info', warning: 'warn', error: 'error' } as const;

const tellRecord =
  ({ say }: RecordLog): TellNotice =>
  ({ kind, severity, log, lost, text }: LogNotice): void =>
    say(noticeSeverities[severity], { event: kind, log, lost }, text);

const ownRecords = (records: RecordLog): OwnLog => ({
  observer: records.observer,
  say: records.say,
  tell: records.tell,
  tellNotice: tellRecord(records),
  setServices: () => undefined,
  startReload: () => undefined,
});

const inXinetdForm = (write: DaemonWriter): OwnLog => {
  const log = createXinetdDaemonLog({ write, version: `acceptd ${readVersion()}`, pid: process.pid });
  return {
    observer: log.observer,
    say: (severity, _record, text) => write(levels[severity], text),
    tell: log.tellDiagnostics,
    tellNotice: log.tellNotice,
    setServices: log.setServices,
    startReload: log.startReload,
  };
};

export const openServerLog = async (
  kernel: Kernel,
  clock: Clock,
  options: LogOptions,
): Promise<ServerLog> => {
  const { daemonLog } = options;
  const { pid } = process;
  const records = await openRecordLog(kernel, options.logLevel, options.logFormat);
  const tellOnStandardError = tellRecord(records);
  // a log is never told of itself
  const tell: TellNotice = (notice) => own.tellNotice(notice);
  const syslog = createSyslog({
    kernel,
    clock,
    ident,
    pid,
    path: usualLogSocket,
    format: options.syslogFormat,
    tell: daemonLog.kind === 'syslog' ? tellOnStandardError : tell,
  });
  const places = createLogPlaces({ kernel, clock, syslog, tell });
  const serviceLogs = createXinetdLog(clock, places);
  const file =
    daemonLog.kind === 'file'
      ? createLogFile(daemonLog.path, noLimits, { kernel, clock, tell: tellOnStandardError })
      : undefined;
  const writerOf = (): DaemonWriter | undefined => {
    if (file !== undefined) return daemonFileWriter(file, clock, ident, pid);
    return daemonLog.kind === 'syslog' ? daemonSyslogWriter(syslog, daemonLog.facility) : undefined;
  };
  const write = writerOf();
  const own = write === undefined ? ownRecords(records) : inXinetdForm(write);
  return {
    observers: [own.observer, serviceLogs.observer],
    say: own.say,
    tell: own.tell,
    setServices: (services) => {
      own.setServices(services);
      serviceLogs.setServices(services);
    },
    startReload: () => {
      file?.reopen();
      places.reopen();
      own.startReload();
    },
    flush: async (patience) => {
      await Promise.all([records, places, file].map((each) => each?.flush(patience)));
    },
  };
};
