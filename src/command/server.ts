// A server from its first load to its end: what run, listen and inetd have in common.
import { isatty } from 'node:tty';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { type Diagnostic, isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Observer } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { createLog, type LogLevel } from '../operate/log.ts';
import { openLogSink } from '../operate/log-sink.ts';
import { createTrimmer, observers } from '../operate/memory.ts';
import { findRunning, removePidFile, writePidFile } from '../operate/pid-file.ts';
import { createGate, createReloader, type Loaded } from '../operate/reload.ts';
import { catchSignals, holdHangups } from '../operate/signals.ts';
import { openTraceLog } from '../operate/trace.ts';
import { systemClock } from '../runtime/clock.ts';
import { createSupervisor } from '../runtime/supervisor.ts';
import { announce } from './announce.ts';

export type ServerOptions = {
  readonly load: () => Promise<Loaded>;
  readonly drain: Milliseconds;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly pidFile: string | undefined;
  /** Where each connection's moments are written. */
  readonly trace: string | undefined;
  /** Says on stdout what listens and how to try it. */
  readonly announces: boolean;
  /** Called once, when everything listens that can. */
  readonly onReady: () => void;
};

const standardError = 2;
const flushPatience = 500;
/** Names under which one of us runs, as /proc/PID/comm has them. */
const ownNames = ['acceptd', 'inetd', 'node', 'MainThread'];

/** Readable records for people, loaded only when one is there. */
const chooseFormat = async (format: ServerOptions['logFormat']): Promise<(record: string) => string> => {
  if (format === 'json' || (format === 'auto' && !isatty(standardError))) return (record) => record;
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory({
    colorize: isatty(standardError),
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event,service,pid,peer,status,duration,userTime,systemTime,peakKibibytes,address,failure',
    singleLine: true,
  });
};

/** What is wrong with the place of the pid file, if anything is. */
const tryWritePidFile = (path: string): string | undefined => {
  try {
    writePidFile(path);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `cannot write the pid file ${path}: ${reason}; choose another place with --pid-file`;
  }
};

/** Runs until it is told to stop; gives the exit status. */
export const runServer = async (options: ServerOptions): Promise<ExitStatus> => {
  const { pidFile } = options;
  const running = pidFile === undefined ? undefined : findRunning(pidFile, ownNames);
  if (running !== undefined) {
    return complain(`already running as pid ${running} (${pidFile}); stop it first`, exitStatus.system);
  }
  const hasHungUp = holdHangups();
  const first = await options.load();
  if (!first.isReadable || (first.services.length === 0 && first.diagnostics.some(isError))) {
    for (const diagnostic of first.diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
    return complain('no service to run; mend the configuration and start again', exitStatus.configuration);
  }

  const format = await chooseFormat(options.logFormat);
  const watchers: Observer[] = [];
  const supervisor = createSupervisor({
    clock: systemClock,
    observer: observers(watchers),
    environment: process.env,
    copiesMemory: process.env['ACCEPTD_SPAWN'] === 'fork',
  });
  const trace = options.trace === undefined ? undefined : openTraceLog(supervisor.kernel, options.trace);
  if (trace !== undefined && 'refusal' in trace) {
    supervisor.kernel.shutDown();
    return complain(trace.refusal, exitStatus.system);
  }
  if (trace !== undefined) watchers.push(trace.observer);
  const sink = openLogSink(supervisor.kernel, supervisor.kernel.standardError);
  const { observer, logger } = createLog(sink, options.logLevel, format);
  watchers.push(observer, createTrimmer(systemClock, supervisor.trimMemory));

  const tell = (diagnostics: readonly Diagnostic[]): void => {
    for (const diagnostic of diagnostics) {
      const { severity, at, message } = diagnostic;
      logger[isError(diagnostic) ? 'error' : 'warn'](
        { event: 'diagnostic', severity, at, message },
        showDiagnostic(diagnostic),
      );
    }
  };
  const refuses = createGate();
  const take = (loaded: Loaded): void => {
    tell(loaded.diagnostics);
    const why = refuses(loaded);
    if (why === undefined) supervisor.apply(loaded.services);
    else observer.observe({ kind: 'reload-refused', why });
  };
  const reload = createReloader(options.load, take);
  // before the first recipe: handlers must find at its default what is caught here
  const stopped = catchSignals({
    reload: () => void reload(),
    retry: supervisor.retryNow,
    writeState: () => logger.info({ event: 'state', services: supervisor.snapshot() }, 'state'),
    stop: () => supervisor.stop(options.drain),
    stopNow: supervisor.stopNow,
  });
  take(first);
  if (hasHungUp()) void reload();
  const refusal = pidFile === undefined ? undefined : tryWritePidFile(pidFile);
  if (refusal !== undefined) {
    await supervisor.stop(milliseconds(0));
    supervisor.kernel.shutDown();
    return complain(refusal, exitStatus.system);
  }
  if (options.announces) process.stdout.write(announce(first.services));
  options.onReady();
  await stopped;
  if (pidFile !== undefined) removePidFile(pidFile);
  await Promise.all([sink, trace].map((each) => each?.flush(milliseconds(flushPatience))));
  supervisor.kernel.shutDown();
  return exitStatus.done;
};
