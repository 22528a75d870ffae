// Where a server writes: of itself as records on stderr or in xinetd's form, and each service's own log beside that.
import type { Clock } from '../model/clock.ts';
import { type Diagnostic, isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { SyslogFacility } from '../model/service-log.ts';
import type { Kernel } from '../native/kernel.ts';
import type { LogLevel } from '../operate/log.ts';
import { createLogPlaces } from '../operate/log-destinations.ts';
import type { EntryWriter } from '../operate/log-entry.ts';
import { createLogFile } from '../operate/log-file.ts';
import { createFollow, type Follow } from '../operate/log-follow.ts';
import type { LogNotice, TellNotice } from '../operate/log-notice.ts';
import { createRecords, type Say } from '../operate/log-records.ts';
import { createSyslog, usualLogSocket } from '../operate/syslog.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { type DaemonWriter, daemonFileWriter, daemonSyslogWriter } from '../operate/xinetd-daemon-line.ts';
import { createXinetdDaemonLog } from '../operate/xinetd-daemon-log.ts';
import { createXinetdLog } from '../operate/xinetd-log.ts';
import type { RecordTarget } from './log-targets.ts';
import { defaultTargets, type LogFormat, openRecordLog, openStandardErrorLog } from './record-log.ts';
import { readVersion } from './version.ts';

/**
 * Where acceptd writes of itself: its own records at the places that were asked for, on stderr or in the journal where
 * none was; or, in xinetd's form, a file or syslog.
 */
export type DaemonLog =
  | { readonly kind: 'records'; readonly targets?: readonly RecordTarget[] | undefined }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'syslog'; readonly facility: SyslogFacility };

export type LogOptions = {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly daemonLog: DaemonLog;
  readonly syslogFormat: SyslogFormat;
};

export type ServerLog = {
  readonly observers: readonly Observer[];
  readonly tell: (diagnostics: readonly Diagnostic[]) => void;
  /** What is no event of the engine: `event` names it, `text` is the sentence. */
  readonly say: Say;
  readonly flush: (patience: number) => Promise<void>;
  /** To be called before the services are applied. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
  /** A reload has been asked for: files that were renamed are let go of. */
  readonly startReload: () => void;
  /** After a rotation: whatever is at the paths of all logs now is written to. */
  readonly reopen: () => void;
  /** Records from now on, for somebody who looks on. */
  readonly follow: Follow['follow'];
  /** What all logs together could not take, from the start on. */
  readonly lostRecords: () => number;
};

/** The name that parsers of xinetd's logs know. */
const ident = 'xinetd';

const levels = { debug: 'info', info: 'info', warn: 'warning', error: 'error' } as const;

const noLimits = { soft: undefined, hard: undefined };

/** acceptd's own words of itself: what the records say, and what becomes of a reload. */
type OwnLog = Pick<ServerLog, 'say' | 'tell' | 'setServices' | 'startReload'> & {
  readonly observer: Observer;
  readonly tellNotice: TellNotice;
};

const noticeSeverities = { info: 'info', warning: 'warn', error: 'error' } as const;

const tellRecord =
  (say: Say): TellNotice =>
  ({ kind, severity, log, lost, text }: LogNotice): void =>
    say(noticeSeverities[severity], { event: kind, log, lost }, text);

const tellEach =
  (say: Say) =>
  (diagnostics: readonly Diagnostic[]): void => {
    for (const diagnostic of diagnostics) {
      const { severity, at, message } = diagnostic;
      const record = { event: 'diagnostic', severity, at, message };
      say(isError(diagnostic) ? 'error' : 'warn', record, showDiagnostic(diagnostic));
    }
  };

/** What the logs have to say of themselves comes to stderr too, where that is none of them. */
const ownRecords = (
  targets: readonly RecordTarget[],
  writers: readonly EntryWriter[],
  level: LogLevel,
  tellElsewhere: TellNotice,
): OwnLog => {
  const { observer, say } = createRecords(writers, level);
  const tellHere = tellRecord(say);
  const hasStandardError = targets.some(({ kind }) => kind === 'stderr');
  return {
    observer,
    say,
    tell: tellEach(say),
    tellNotice: (notice) => {
      tellHere(notice);
      if (!hasStandardError) tellElsewhere(notice);
    },
    setServices: () => undefined,
    startReload: () => undefined,
  };
};

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
  const { daemonLog, logFormat, logLevel, syslogFormat } = options;
  const { pid } = process;
  const standardError = await openStandardErrorLog(kernel, logFormat);
  const tellOnStandardError = tellRecord(createRecords([standardError], logLevel).say);
  const tell: TellNotice = (notice) => own.tellNotice(notice);
  const syslog = createSyslog({
    kernel,
    clock,
    ident,
    pid,
    path: usualLogSocket,
    format: syslogFormat,
    // what is in xinetd's form is never told of itself
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
  const targets =
    daemonLog.kind === 'records' ? (daemonLog.targets ?? defaultTargets(logFormat, process.env)) : [];
  const writers = targets.map((target) =>
    openRecordLog(target, { kernel, clock, tell, syslogFormat, standardError }),
  );
  const own =
    write === undefined ? ownRecords(targets, writers, logLevel, tellOnStandardError) : inXinetdForm(write);
  const follow = createFollow(clock);
  const reopen = (): void => {
    file?.reopen();
    places.reopen();
    for (const each of writers) each.reopen();
  };
  const everywhere = new Set([standardError, ...writers]);
  const say: Say = (...entry) => {
    own.say(...entry);
    follow.say(...entry);
  };
  return {
    observers: [own.observer, serviceLogs.observer, follow.observer],
    say,
    tell: (diagnostics) => {
      own.tell(diagnostics);
      tellEach(follow.say)(diagnostics);
    },
    setServices: (services) => {
      own.setServices(services);
      serviceLogs.setServices(services);
    },
    startReload: () => {
      reopen();
      own.startReload();
    },
    reopen,
    follow: follow.follow,
    lostRecords: () => [...everywhere, places, file].reduce((sum, each) => sum + (each?.lost() ?? 0), 0),
    flush: async (patience) => {
      await Promise.all([...everywhere, places, file].map((each) => each?.flush(patience)));
    },
  };
};
