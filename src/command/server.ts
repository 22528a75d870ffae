// A server from its first load to its end: what run, listen, inetd and xinetd have in common.
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { descriptorOf } from '../model/descriptor.ts';
import { isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Observer } from '../model/event.ts';
import { type Milliseconds, milliseconds, seconds } from '../model/quantity.ts';
import type { SystemError } from '../native/addon.ts';
import { takeEarlySignals } from '../native/exec.ts';
import { exitNow } from '../native/exit.ts';
import { sendNotify } from '../native/notify.ts';
import { openAnswers } from '../operate/consistency.ts';
import { createIdleExit } from '../operate/idle-exit.ts';
import { createTrimmer, observers } from '../operate/memory.ts';
import { findRunning, removePidFile, writePidFile } from '../operate/pid-file.ts';
import { createGate, createReloader, type Loaded } from '../operate/reload.ts';
import { type Counts, openServiceManager } from '../operate/service-manager.ts';
import { catchSignals, holdHangups } from '../operate/signals.ts';
import { takeStartEnvironment } from '../operate/start-environment.ts';
import { inheritedNumber, openTraceLog } from '../operate/trace.ts';
import { createKeeping, createUpgrade } from '../operate/upgrade.ts';
import { takeHandedOver } from '../operate/upgrade-environment.ts';
import { createUpgradeNews } from '../operate/upgrade-news.ts';
import { systemClock } from '../runtime/clock.ts';
import { createSupervisor } from '../runtime/supervisor.ts';
import { announce } from './announce.ts';
import { type ServerPart, sayWhetherReady, serverPart, serverPartOf } from './following.ts';
import { type LogOptions, openServerLog } from './server-log.ts';
import { createInspection } from './server-state.ts';
import { readVersion } from './version.ts';
import { createWrapping } from './wrapping.ts';

export type ServerOptions = LogOptions & {
  readonly load: () => Promise<Loaded>;
  /** A start without any service is refused: always, where there are mistakes, or never. */
  readonly emptyStart: 'refused' | 'refused-with-mistakes' | 'served';
  readonly drain: Milliseconds;
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
  /** USR2 has the next version of acceptd take over. */
  readonly upgradesOnSignal: boolean;
  readonly upgradeDeadline: Milliseconds;
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
  upgradesOnSignal: false,
  upgradeDeadline: seconds(30),
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

const tellCaller = ({ diagnostics }: Loaded): void => {
  for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
};

/** Runs until it is told to stop; gives the exit status. */
export const runServer = async (options: ServerOptions): Promise<ExitStatus> => {
  const { pidFile } = options;
  const following = takeHandedOver(process.env);
  if (following?.isTrial === true) return sayWhetherReady(following.state, options.load);
  if (typeof following?.state === 'string') throw new Error(`cannot take over: ${following.state}`);
  const before = following?.state;
  const own = before && serverPartOf(before);
  const { inherited, manager: wishes } = takeStartEnvironment(process.env, own?.manager);
  const running = pidFile === undefined ? undefined : findRunning(pidFile, ownNames);
  if (running !== undefined) {
    return complain(`already running as pid ${running} (${pidFile}); stop it first`, exitStatus.system);
  }
  const hasHungUp = holdHangups();
  const first = own?.loaded ?? (await options.load());
  if (own === undefined && isRefused(first, options.emptyStart)) {
    tellCaller(first);
    return complain('no service to run; mend the configuration and start again', exitStatus.configuration);
  }

  if (options.tellsCaller && own === undefined) tellCaller(first);

  const watchers: Observer[] = [];
  // there is no log before there is an engine
  const unsent: SystemError[] = [];
  const kept = own?.stored.map((name) => ({ name })) ?? inherited;
  const manager = openServiceManager(wishes, kept, sendNotify, systemClock, (error) => unsent.push(error));
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
  watchers.push(...log.observers, createTrimmer(systemClock, supervisor.trimMemory));

  for (const warning of options.warnings) log.say('warn', { event: 'option' }, warning);

  const refuses = createGate();
  let files: readonly string[] = [];
  let applied = first;
  const take = (loaded: Loaded, apply: () => void = () => supervisor.apply(loaded.services)): void => {
    if (supervisor.handover.isUnderWay()) return;
    if (loaded !== own?.loaded) log.tell(loaded.diagnostics);
    const why = refuses(loaded);
    if (why !== undefined) {
      for (const observer of log.observers) observer.observe({ kind: 'reload-refused', why });
      return;
    }
    files = loaded.files;
    applied = loaded;
    log.setServices(loaded.services);
    apply();
  };
  const wrapping = createWrapping(log, supervisor.setWrapperRules);
  const loadAgain = async (): Promise<Loaded> => {
    const loaded = await options.load();
    await Promise.all([wrapping.prepare(loaded.services), supervisor.examine(loaded.services)]);
    return loaded;
  };
  const load = createReloader(loadAgain, take);
  let owesReload = false;
  const reload = (): void => {
    log.startReload();
    manager.enterReloading();
    owesReload = true;
    void load().then(() => {
      // what came while the next version was to take over is made by whoever serves then
      owesReload = supervisor.handover.isUnderWay();
      manager.leaveReloading();
    });
  };
  let answer: ReturnType<typeof openAnswers>;
  const inspection = createInspection({
    supervisor,
    log,
    clock: systemClock,
    dump: options.dump,
    files: () => files,
    processLimit: options.processLimit,
    answer: (findings) => answer?.(findings),
  });
  const keeping = createKeeping();
  keeping.parts.set(
    serverPart,
    (): ServerPart => ({ loaded: applied, owesReload, manager: wishes, stored: manager.stored() }),
  );
  const traced = options.trace === undefined ? undefined : inheritedNumber(options.trace);
  if (traced !== undefined) keeping.descriptors.set('trace', () => descriptorOf(traced));
  const upgrade = createUpgrade({
    supervisor,
    clock: systemClock,
    keeping,
    deadline: options.upgradeDeadline,
    flush: async () => {
      await Promise.all([log, trace].map((each) => each?.flush(milliseconds(flushPatience))));
    },
    tell: createUpgradeNews(log.say, manager, () => {
      if (owesReload) reload();
    }),
  });
  // before the first recipe: handlers must find at its default what is caught here
  const stopped = catchSignals(
    {
      reload,
      retry: supervisor.retryNow,
      writeState: inspection.writeState,
      check: inspection.check,
      upgrade: options.upgradesOnSignal ? () => void upgrade() : undefined,
      stop: () => {
        manager.enterStopping(milliseconds(options.drain + killTime));
        return supervisor.stop(options.drain);
      },
      stopNow: supervisor.stopNow,
      leave: () => {
        manager.enterStopping(milliseconds(0));
        return supervisor.leave();
      },
    },
    options.reloadSignals,
  );
  if (own !== undefined) for (const signal of takeEarlySignals()) process.kill(process.pid, signal);
  answer = openAnswers(kernel);
  await Promise.all([wrapping.prepare(first.services), supervisor.examine(first.services)]);
  if (options.exitIdleTime !== undefined) {
    // a stop like any other: who comes before the listeners are closed is served to his end
    watchers.push(createIdleExit(systemClock, options.exitIdleTime, () => process.kill(process.pid)));
  }
  if (before === undefined) {
    take(first);
  } else {
    take(first, () => supervisor.takePlace(before.runtime));
    log.say('info', { event: 'upgraded', version: readVersion() }, `acceptd ${readVersion()} has taken over`);
  }
  if (hasHungUp() || own?.owesReload === true) reload();
  const refusal = pidFile === undefined ? undefined : tryWritePidFile(pidFile);
  if (refusal !== undefined) {
    await supervisor.stop(milliseconds(0));
    kernel.shutDown();
    return complain(refusal, exitStatus.system);
  }
  if (options.announces && own === undefined) process.stdout.write(announce(first.services));
  manager.enterReady(() => countState(supervisor.snapshot()));
  for (const error of unsent) log.say('warn', { event: 'notify' }, error.message);
  options.onReady();
  const endChecks = inspection.repeat(options.checkInterval);
  await stopped;
  endChecks();
  manager.end();
  wrapping.stop();
  if (pidFile !== undefined) removePidFile(pidFile);
  await Promise.all([log, trace].map((each) => each?.flush(milliseconds(flushPatience))));
  kernel.shutDown();
  // what still waits for a disk, a logger or a resolver has had its time
  return exitNow(exitStatus.done);
};
