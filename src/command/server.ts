// A server from its first load to its end: what run, listen, inetd and xinetd have in common.
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import type { Observer } from '../model/event.ts';
import { milliseconds } from '../model/quantity.ts';
import type { SystemError } from '../native/addon.ts';
import { takeEarlySignals } from '../native/exec.ts';
import { exitNow } from '../native/exit.ts';
import { sendNotify } from '../native/notify.ts';
import { watchConfiguration } from '../operate/configuration-watch.ts';
import { openAnswers } from '../operate/consistency.ts';
import { controlKeeps } from '../operate/control/control.ts';
import { createEnding, type StopWish } from '../operate/ending.ts';
import { createIdleExit } from '../operate/idle-exit.ts';
import { createTrimmer, observers } from '../operate/memory.ts';
import { findRunning, removePidFile } from '../operate/pid-file.ts';
import { openServiceManager } from '../operate/service-manager.ts';
import { catchSignals, holdEarlySignals, passedOver } from '../operate/signals.ts';
import { showRestart, takeStartEnvironment } from '../operate/start-environment.ts';
import { createTally } from '../operate/tally.ts';
import { openTraceLog } from '../operate/trace.ts';
import { takeHandedOver } from '../operate/upgrade-environment.ts';
import { systemClock } from '../runtime/clock.ts';
import { createSupervisor } from '../runtime/supervisor.ts';
import { announce } from './announce.ts';
import { askersPart, type Place, sayWhetherReady } from './following.ts';
import { createConfiguration } from './server-configuration.ts';
import { openServerControl } from './server-control.ts';
import { openServerLog } from './server-log.ts';
import { openServerMetrics } from './server-metrics.ts';
import type { ServerOptions } from './server-options.ts';
import {
  countState,
  createDemands,
  findGroup,
  isRefused,
  ownNames,
  tellCaller,
  tryWritePidFile,
} from './server-start.ts';
import { createInspection } from './server-state.ts';
import { createServerUpgrade, upgradedText } from './server-upgrade.ts';
import { notTakenOverText, orStartAnew, startedAnewText, takeFailedUpgrade } from './start-anew.ts';
import { readVersion } from './version.ts';
import { createWrapping } from './wrapping.ts';

const flushPatience = 500;
/** What a stop takes beyond the drain: TERM, KILL, and what is written. */
const killTime = 10_000;

/** Runs until it is told to stop; gives the exit status. */
export const runServer = async (options: ServerOptions): Promise<ExitStatus> => {
  const following = takeHandedOver(process.env);
  if (following === undefined) return serve(options, undefined, () => undefined);
  const { state, isTrial } = following;
  if (isTrial) return sayWhetherReady(state, options.load);
  return orStartAnew(state, (place, onTakenOver) => serve(options, place, onTakenOver));
};

/** `onTakenOver`: the place of the version before us is taken. */
const serve = async (
  options: ServerOptions,
  before: Place | undefined,
  onTakenOver: () => void,
): Promise<ExitStatus> => {
  const { pidFile } = options;
  const { inherited, manager: wishes, restart } = takeStartEnvironment(process.env, before?.part.manager);
  const failedUpgrade = takeFailedUpgrade(process.env);
  const demands = createDemands(before === undefined && failedUpgrade === undefined);
  const running = pidFile === undefined ? undefined : findRunning(pidFile, ownNames);
  const isSecond =
    running === undefined ? undefined : `already running as pid ${running} (${pidFile}); stop it first`;
  if (demands.refuses(isSecond)) return complain(isSecond, exitStatus.system);
  // what comes to a version that takes over is held for it already (native/early-signal.cc)
  const hasHungUp = holdEarlySignals(options.reloadSignals, before === undefined ? passedOver : []);
  const first = before?.part.configuration.loaded ?? (await options.load());
  const isEmpty = isRefused(first, options.emptyStart)
    ? 'no service to run; mend the configuration and start again'
    : undefined;
  if (before === undefined && demands.refuses(isEmpty)) {
    tellCaller(first);
    return complain(isEmpty, exitStatus.configuration);
  }

  if (options.tellsCaller && before === undefined) tellCaller(first);

  const found = await findGroup(options.control.group);
  const group = typeof found === 'string' ? undefined : found;
  const noGroup = typeof found === 'string' ? found : undefined;
  if (demands.refuses(noGroup)) return complain(noGroup, exitStatus.usage);

  const watchers: Observer[] = [];
  // there is no log before there is an engine
  const unsent: SystemError[] = [];
  const kept = before?.part.stored.map((name) => ({ name })) ?? inherited;
  const manager = openServiceManager(wishes, kept, sendNotify, systemClock, (error) => unsent.push(error));
  const supervisor = createSupervisor({
    clock: systemClock,
    observer: observers(watchers),
    environment: process.env,
    copiesMemory: process.env['ACCEPTD_SPAWN'] === 'fork',
    processLimit: options.processLimit,
    strictReload: options.isStrictReload,
    inherited: [...inherited, ...(failedUpgrade?.sockets ?? [])],
    store: manager.store,
  });
  const { kernel } = supervisor;
  before?.adoptKept();
  const opened = options.trace === undefined ? undefined : openTraceLog(kernel, options.trace);
  const trace = opened !== undefined && 'refusal' in opened ? undefined : opened;
  const noTrace = opened !== undefined && 'refusal' in opened ? opened.refusal : undefined;
  if (demands.refuses(noTrace)) {
    kernel.shutDown();
    return complain(noTrace, exitStatus.system);
  }
  if (trace !== undefined) watchers.push(trace.observer);
  const log = await openServerLog(kernel, systemClock, options);
  const tally = createTally(systemClock, { timesStarts: options.hasMetrics });
  if (before !== undefined) tally.restore(before.tally);
  watchers.push(...log.observers, createTrimmer(systemClock, supervisor.trimMemory));
  // where nobody can ask for counts, the events that are only counted are not even made
  const { path: controlPath, probes } = options.control;
  if (controlPath !== undefined || probes !== undefined || options.hasMetrics) watchers.push(tally.observer);

  if (failedUpgrade !== undefined)
    log.say(
      'error',
      { event: 'not-taken-over', what: failedUpgrade.reason },
      startedAnewText(failedUpgrade.reason),
    );
  if (restart !== undefined) log.say('warn', { event: 'restarted', ...restart }, showRestart(restart));
  for (const warning of options.warnings) log.say('warn', { event: 'option' }, warning);

  const flush = async (): Promise<void> => {
    await Promise.all([log, trace].map((each) => each?.flush(milliseconds(flushPatience))));
  };
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
    ? await openServerMetrics({
        supervisor,
        tally,
        clock: systemClock,
        log,
        isStopping: ending.isStopping,
        before: before?.kept('tcp-ends'),
        lostBefore: before?.part.lostEnds,
      })
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
    isHandingOver: supervisor.handover.isUnderWay,
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
  const history = {
    startedAt: before?.part.history.startedAt ?? systemClock.wallClock().toISOString(),
    upgrades: before === undefined ? 0 : before.part.history.upgrades + 1,
    restarts: before?.part.history.restarts ?? restart?.count ?? 0,
  };
  const lostRecords = (): number => (before?.part.lostRecords ?? 0) + log.lostRecords();
  const { keeping, upgrade } = createServerUpgrade({
    supervisor,
    clock: systemClock,
    deadline: options.upgradeDeadline,
    log,
    trace: options.trace,
    tally,
    manager,
    configuration,
    isStopping: ending.isStopping,
    save: () => ({
      configuration: configuration.save(),
      manager: wishes,
      stored: manager.stored(),
      history,
      lostRecords: lostRecords(),
      lostEnds: metrics?.lostEnds() ?? 0,
    }),
    flush,
  });
  // what comes to a version that takes over is held until it serves; see early-signal.cc
  if (before !== undefined) await configuration.prepare(first);
  // before the first recipe: handlers must find at its default what is caught here
  catchSignals(
    {
      reload: () => void configuration.reload(),
      retry: supervisor.retryNow,
      writeState: inspection.writeState,
      check: inspection.check,
      upgrade: options.upgradesOnSignal ? () => void upgrade() : undefined,
      stop: () => {
        if (!ending.stop(usualStop)) ending.hurry();
      },
      leave: ending.leave,
    },
    options.reloadSignals,
  );
  if (before !== undefined) for (const signal of takeEarlySignals()) process.kill(process.pid, signal);
  answer = openAnswers(kernel);
  if (before === undefined) await configuration.prepare(first);
  if (options.exitIdleTime !== undefined) {
    // a stop like any other: who comes before the listeners are closed is served to his end
    const end = (): boolean => process.kill(process.pid);
    watchers.push(createIdleExit(systemClock, options.exitIdleTime, end, before?.runtime.builtins.length));
  }
  let owesReload = before?.part.configuration.owesReload === true;
  if (before === undefined) await configuration.take(first);
  else {
    let lost: readonly string[] = [];
    configuration.takeOver(before.part.configuration, () => {
      lost = supervisor.takePlace(before.runtime);
    });
    onTakenOver();
    log.say('info', { event: 'upgraded', version: readVersion() }, upgradedText());
    for (const what of lost) log.say('error', { event: 'not-taken-over', what }, notTakenOverText(what));
    // what is missing of the services is opened again
    owesReload ||= lost.length > 0;
  }
  if (hasHungUp() || owesReload) void configuration.reload();
  const refusal = pidFile === undefined ? undefined : tryWritePidFile(pidFile);
  if (demands.refuses(refusal)) {
    await supervisor.stop(milliseconds(0));
    kernel.shutDown();
    return complain(refusal, exitStatus.system);
  }
  for (const what of demands.waived)
    log.say('error', { event: 'not-taken-over', what }, notTakenOverText(what));
  const control = openServerControl(options.control, group, {
    kernel,
    say: log.say,
    supervisor,
    tally,
    clock: systemClock,
    version: readVersion(),
    history: () => history,
    configuration,
    ending,
    usualStop,
    log: { follow: log.follow, lostRecords },
    upgrade,
    metrics: async (accept) => metrics?.render(accept),
    before: before?.kept,
    upgraded: before && { what: upgradedText() },
    askers: before?.askers,
  });
  keeping.parts.set(askersPart, () => control.askers().map(({ by }) => by));
  keeping.lists.set(askersPart, () => control.askers().map(({ descriptor }) => descriptor));
  keeping.resting.add(control);
  keeping.descriptors.set('tcp-ends', () => metrics?.kept());
  for (const name of controlKeeps) keeping.descriptors.set(name, () => control.kept(name));
  if (options.announces && before === undefined && failedUpgrade === undefined)
    process.stdout.write(announce(first.services));
  manager.enterReady(() => countState(supervisor.snapshot()));
  for (const error of unsent) log.say('warn', { event: 'notify' }, error.message);
  options.onReady();
  const endChecks = inspection.repeat(options.checkInterval);
  const { watched } = options;
  const loadBegan = before?.part.configuration.at ?? new Date(performance.timeOrigin);
  const endWatch =
    watched.length === 0
      ? undefined
      : watchConfiguration(watched, configuration.filesRead, loadBegan, systemClock, configuration.reload);
  await ending.ended;
  endChecks();
  endWatch?.();
  await control.end(milliseconds(flushPatience));
  metrics?.stop();
  manager.end();
  wrapping.stop();
  if (pidFile !== undefined) removePidFile(pidFile);
  await flush();
  kernel.shutDown();
  // what still waits for a disk, a logger or a resolver has had its time
  return exitNow(exitStatus.done);
};
