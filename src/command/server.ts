// A server from its first load to its end: what run, listen, inetd and xinetd have in common.
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Observer } from '../model/event.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/quantity.ts';
import type { SystemError } from '../native/addon.ts';
import { exitNow } from '../native/exit.ts';
import { sendNotify } from '../native/notify.ts';
import { openAnswers } from '../operate/consistency.ts';
import { createEnding, type StopWish } from '../operate/ending.ts';
import { createIdleExit } from '../operate/idle-exit.ts';
import { createTrimmer, observers } from '../operate/memory.ts';
import { findRunning, removePidFile, writePidFile } from '../operate/pid-file.ts';
import type { Loaded } from '../operate/reload.ts';
import { type Counts, openServiceManager } from '../operate/service-manager.ts';
import { catchSignals, holdHangups } from '../operate/signals.ts';
import { showRestart, takeStartEnvironment } from '../operate/start-environment.ts';
import { createTally } from '../operate/tally.ts';
import { openTraceLog } from '../operate/trace.ts';
import { systemClock } from '../runtime/clock.ts';
import { createSupervisor } from '../runtime/supervisor.ts';
import { announce } from './announce.ts';
import { createConfiguration } from './server-configuration.ts';
import { type ControlWishes, groupOf, openServerControl, withoutControl } from './server-control.ts';
import { type LogOptions, openServerLog } from './server-log.ts';
import { openServerMetrics } from './server-metrics.ts';
import { createInspection } from './server-state.ts';
import { readVersion } from './version.ts';
import { createWrapping } from './wrapping.ts';

export type ServerOptions = LogOptions & {
  readonly load: () => Promise<Loaded>;
  /** A start without any service is refused: always, where there are mistakes, or never. */
  readonly emptyStart: 'refused' | 'refused-with-mistakes' | 'served';
  readonly drain: Milliseconds;
  /** Before that: clients are served, and whoever asks is told that the server is not ready. */
  readonly drainDelay: Milliseconds;
  readonly control: ControlWishes;
  /** Counts what monitoring wants to know. */
  readonly hasMetrics: boolean;
  readonly isStrictReload: boolean;
  /** Processes of all services together. */
  readonly processLimit: number | undefined;
  /** What the command line says and acceptd does not do. */
  readonly warnings: readonly string[];
  readonly pidFile: string | undefined;
  /** Where USR1 writes the state; undefined: to the log. */
  readonly dump: string | undefined;
  /** Between two consistency checks. */
  readonly checkInterval: Milliseconds | undefined;
  readonly reloadSignals: readonly NodeJS.Signals[];
  /** It ends when nobody has been answered for so long. */
  readonly exitIdleTime: Milliseconds | undefined;
  /** Where each connection's moments are written. */
  readonly trace: string | undefined;
  /** Writes to stderr too what is wrong with the first configuration, for who has called the start. */
  readonly tellsCaller: boolean;
  /** Says on stdout what listens and how to try it. */
  readonly announces: boolean;
  /** Called once, when everything listens that can. */
  readonly onReady: () => void;
};

/** What most servers are told. */
export const usualServer = {
  emptyStart: 'refused-with-mistakes',
  drain: seconds(10),
  drainDelay: seconds(0),
  control: withoutControl,
  hasMetrics: false,
  isStrictReload: false,
  processLimit: undefined,
  logLevel: 'info',
  logFormat: 'auto',
  daemonLog: { kind: 'records' },
  syslogFormat: 'rfc3164',
  warnings: [],
  pidFile: undefined,
  dump: undefined,
  checkInterval: undefined,
  reloadSignals: ['SIGHUP'],
  exitIdleTime: undefined,
  trace: undefined,
  tellsCaller: false,
  announces: false,
  onReady: () => undefined,
} as const satisfies Omit<ServerOptions, 'load'>;

const flushPatience = 500;
/** What a stop takes beyond the drain: TERM, KILL, and what is written. */
const killTime = 10_000;
/** Names under which one of us runs, as /proc/PID/comm has them. */
const ownNames = ['acceptd', 'inetd', 'xinetd', 'node', 'MainThread'];

/** What is wrong with the place of the pid file, if anything is. */
const tryWritePidFile = (path: string): string | undefined => {
  try {
    writePidFile(path);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `cannot write the pid file ${path}: ${reason}; choose another place for it`;
  }
};

/** Whether a start is none, because nothing would be served. */
const isRefused = (
  { isReadable, services, diagnostics }: Loaded,
  rule: ServerOptions['emptyStart'],
): boolean =>
  !isReadable ||
  (services.length === 0 &&
    (rule === 'refused' || (rule === 'refused-with-mistakes' && diagnostics.some(isError))));

const countState = (services: ReturnType<ReturnType<typeof createSupervisor>['snapshot']>): Counts => {
  const sum = (of: (service: (typeof services)[number]) => number): number =>
    services.reduce((total, service) => total + of(service), 0);
  return {
    services: services.length,
    listening: sum(({ listening }) => listening.length),
    failed: sum(({ failed }) => failed.length),
    live: sum(({ live }) => live),
  };
};

/** The number of the group that may look; a text says what is wrong with it. */
const findGroup = async (name: string | undefined): Promise<number | undefined | string> => {
  if (name === undefined) return undefined;
  const found = await groupOf(name);
  return found ?? `--control-group '${name}' is no group of this system; write one of getent group`;
};

const tellCaller = ({ diagnostics }: Loaded): void => {
  for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
};

/** Runs until it is told to stop; gives the exit status. */
export const runServer = async (options: ServerOptions): Promise<ExitStatus> => {
  const { pidFile } = options;
  const { inherited, manager: wishes, restart } = takeStartEnvironment(process.env);
  const running = pidFile === undefined ? undefined : findRunning(pidFile, ownNames);
  if (running !== undefined) {
    return complain(`already running as pid ${running} (${pidFile}); stop it first`, exitStatus.system);
  }
  const hasHungUp = holdHangups();
  const first = await options.load();
  if (isRefused(first, options.emptyStart)) {
    tellCaller(first);
    return complain('no service to run; mend the configuration and start again', exitStatus.configuration);
  }

  if (options.tellsCaller) tellCaller(first);

  const group = await findGroup(options.control.group);
  if (typeof group === 'string') return complain(group, exitStatus.usage);

  const watchers: Observer[] = [];
  // there is no log before there is an engine
  const unsent: SystemError[] = [];
  const manager = openServiceManager(wishes, inherited, sendNotify, systemClock, (error) =>
    unsent.push(error),
  );
  const supervisor = createSupervisor({
    clock: systemClock,
    observer: observers(watchers),
    environment: process.env,
    copiesMemory: process.env['ACCEPTD_SPAWN'] === 'fork',
    processLimit: options.processLimit,
    strictReload: options.isStrictReload,
    inherited,
    store: manager.store,
  });
  const { kernel } = supervisor;
  const trace = options.trace === undefined ? undefined : openTraceLog(kernel, options.trace);
  if (trace !== undefined && 'refusal' in trace) {
    kernel.shutDown();
    return complain(trace.refusal, exitStatus.system);
  }
  if (trace !== undefined) watchers.push(trace.observer);
  const log = await openServerLog(kernel, systemClock, options);
  const tally = createTally(systemClock, { timesStarts: options.hasMetrics });
  watchers.push(...log.observers, createTrimmer(systemClock, supervisor.trimMemory));
  // where nobody can ask for counts, the events that are only counted are not even made
  const { path: controlPath, probes } = options.control;
  if (controlPath !== undefined || probes !== undefined || options.hasMetrics) watchers.push(tally.observer);

  if (restart !== undefined) log.say('warn', { event: 'restarted', ...restart }, showRestart(restart));
  for (const warning of options.warnings) log.say('warn', { event: 'option' }, warning);

  const usualStop: StopWish = { delay: options.drainDelay, drain: options.drain };
  const ending = createEnding({
    stop: ({ delay, drain }) => {
      manager.enterStopping(milliseconds(delay + drain + killTime));
      return supervisor.stop(drain, delay);
    },
    stopNow: supervisor.stopNow,
    leave: () => {
      manager.enterStopping(milliseconds(0));
      return supervisor.leave();
    },
  });
  const metrics = options.hasMetrics
    ? await openServerMetrics({ supervisor, tally, clock: systemClock, log, isStopping: ending.isStopping })
    : undefined;
  const wrapping = createWrapping(log, supervisor.setWrapperRules);
  const configuration = createConfiguration({
    read: options.load,
    supervisor,
    log,
    tally,
    metrics,
    wrapping,
    manager,
    clock: systemClock,
    isStopping: ending.isStopping,
  });
  let answer: ReturnType<typeof openAnswers>;
  const inspection = createInspection({
    supervisor,
    log,
    clock: systemClock,
    dump: options.dump,
    files: configuration.files,
    processLimit: options.processLimit,
    answer: (findings) => answer?.(findings),
  });
  // before the first recipe: handlers must find at its default what is caught here
  catchSignals(
    {
      reload: () => void configuration.reload(),
      retry: supervisor.retryNow,
      writeState: inspection.writeState,
      check: inspection.check,
      stop: () => {
        if (!ending.stop(usualStop)) ending.hurry();
      },
      leave: ending.leave,
    },
    options.reloadSignals,
  );
  answer = openAnswers(kernel);
  await configuration.prepare(first);
  if (options.exitIdleTime !== undefined) {
    // a stop like any other: who comes before the listeners are closed is served to his end
    watchers.push(createIdleExit(systemClock, options.exitIdleTime, () => process.kill(process.pid)));
  }
  configuration.take(first);
  if (hasHungUp()) void configuration.reload();
  const refusal = pidFile === undefined ? undefined : tryWritePidFile(pidFile);
  if (refusal !== undefined) {
    await supervisor.stop(milliseconds(0));
    kernel.shutDown();
    return complain(refusal, exitStatus.system);
  }
  const control = openServerControl(options.control, group, {
    kernel,
    say: log.say,
    supervisor,
    tally,
    clock: systemClock,
    version: readVersion(),
    history: () => ({ upgrades: 0, restarts: 0 }),
    configuration,
    ending,
    usualStop,
    log,
    upgrade: async () => ({
      code: 'ENOTSUP',
      what: 'this acceptd cannot exchange its code while it runs; stop it and start the new one',
    }),
    metrics: async (accept) => metrics?.render(accept),
  });
  if (options.announces) process.stdout.write(announce(first.services));
  manager.enterReady(() => countState(supervisor.snapshot()));
  for (const error of unsent) log.say('warn', { event: 'notify' }, error.message);
  options.onReady();
  const endChecks = inspection.repeat(options.checkInterval);
  await ending.ended;
  endChecks();
  await control.end(milliseconds(flushPatience));
  metrics?.stop();
  manager.end();
  wrapping.stop();
  if (pidFile !== undefined) removePidFile(pidFile);
  await Promise.all([log, trace].map((each) => each?.flush(milliseconds(flushPatience))));
  kernel.shutDown();
  // what still waits for a disk, a logger or a resolver has had its time
  return exitNow(exitStatus.done);
};
