// How a service's processes are started, awaited, restarted and ended, as directives of a service unit.
import type { Daemon, Ending, EndStatuses, Lifetime } from '../../model/daemon.ts';
import { plainDaemon, plainLifetime } from '../../model/daemon.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import type { LossReport } from '../conversion.ts';
import { span } from '../inetd/written-access.ts';
import { escapeSpecifiers, isPlainValue } from './quoting.ts';
import { showSignal } from './signals.ts';
import { isEveryEnd, showStatuses } from './statuses.ts';
import { commandLines } from './written-command.ts';
import type { Line } from './written-line.ts';

/** Nothing where it is what a unit has anyway. */
const unless = <Value>(
  key: string,
  value: Value,
  usual: Value,
  show: (value: Value) => string,
): readonly Line[] => (value === usual ? [] : [[key, show(value)]]);

const showTimeout = (time: Milliseconds | undefined): string =>
  time === undefined ? 'infinity' : span(time);
const showSwitch = (isOn: boolean): string => (isOn ? 'yes' : 'no');
const showWord = (word: string): string => word;

/** Two signals are the C library's own and have no names; in lists numbers are statuses. */
const hasNoName = (signal: number): boolean => signal === 32 || signal === 33;

const statusLine = (
  key: string,
  field: string,
  { codes, signals }: EndStatuses,
  report: LossReport,
): readonly Line[] => {
  if (signals.some(hasNoName)) report.lose(field, 'the signals 32 and 33 have no names');
  const words = showStatuses({ codes, signals: signals.filter((signal) => !hasNoName(signal)) });
  return words.length === 0 ? [] : [[key, ...words]];
};

const endingLines = (ending: Ending): readonly Line[] => {
  const usual = plainLifetime.ending;
  return [
    ...unless('KillMode', ending.mode, usual.mode, showWord),
    ...unless('KillSignal', ending.signal, usual.signal, showSignal),
    ...(ending.restartSignal === undefined
      ? []
      : [['RestartKillSignal', showSignal(ending.restartSignal)] as const]),
    ...unless('FinalKillSignal', ending.finalSignal, usual.finalSignal, showSignal),
    ...unless('SendSIGHUP', ending.hangsUp, usual.hangsUp, showSwitch),
    ...unless('SendSIGKILL', ending.kills, usual.kills, showSwitch),
    ...unless('TimeoutStopSec', ending.timeout, usual.timeout, showTimeout),
  ];
};

/** `isOneshot`: a signal is never a good end of one, unless it is named. */
export const lifetimeLines = (
  { ending, longest, success }: Lifetime,
  isOneshot: boolean,
  report: LossReport,
): readonly Line[] => {
  const clean = isOneshot ? [] : plainLifetime.success.signals;
  const named = success.signals.filter((signal) => !clean.includes(signal));
  if (clean.some((signal) => !success.signals.includes(signal))) {
    report.lose('lifetime.success', 'HUP, INT, TERM and PIPE are good ends of a server');
  }
  return [
    ...endingLines(ending),
    ...(longest === undefined ? [] : [['RuntimeMaxSec', span(longest)] as const]),
    // after `-` in ExecStart= nothing is a failure
    ...(isEveryEnd(success)
      ? []
      : statusLine(
          'SuccessExitStatus',
          'lifetime.success',
          { codes: success.codes, signals: named },
          report,
        )),
  ];
};

const restartLines = ({ restart, type }: Daemon, report: LossReport): readonly Line[] => {
  const usual = plainDaemon.restart;
  const isEndless = type === 'oneshot' && (restart.when === 'always' || restart.when === 'on-success');
  if (isEndless) report.lose('daemon.restart.when', 'a oneshot that ends well is not started again');
  return [
    ...unless('Restart', isEndless ? 'no' : restart.when, usual.when, showWord),
    ...unless('RestartSec', restart.pause, usual.pause, span),
    ...(restart.steps === 0
      ? []
      : [
          ['RestartSteps', String(restart.steps)] as const,
          ['RestartMaxDelaySec', span(restart.longestPause)] as const,
        ]),
    ...statusLine('RestartPreventExitStatus', 'daemon.restart.prevent', restart.prevent, report),
    ...statusLine('RestartForceExitStatus', 'daemon.restart.force', restart.force, report),
  ];
};

const notifyLines = (daemon: Daemon, report: LossReport): readonly Line[] => {
  const { type, watchdog, storeLimit, notifyAccess } = daemon;
  const isNeeded = type === 'notify' || type === 'notify-reload' || watchdog !== undefined || storeLimit > 0;
  if (isNeeded && notifyAccess === 'none') {
    report.lose('daemon.notifyAccess', 'a server that is awaited so is listened to');
  }
  return unless('NotifyAccess', notifyAccess, isNeeded ? 'main' : 'none', showWord);
};

const pidFileLines = (path: string | undefined, report: LossReport): readonly Line[] => {
  if (path === undefined) return [];
  const text = escapeSpecifiers(path);
  if (isPlainValue(text) && text.startsWith('/') && !/\/(?:\.\.?)?(?:\/|$)/.test(text))
    return [['PIDFile', text]];
  report.lose('daemon.pidFile', `a unit file cannot write the path ${JSON.stringify(path)}`, 'rename it');
  return [];
};

/** `isBackend`: behind a relay, which asks whether it answers. */
const tellLosses = (daemon: Daemon, isBackend: boolean, report: LossReport): void => {
  if (!daemon.onDemand) {
    report.lose('daemon.onDemand', 'it is started at the first connection', 'enable the service unit too');
  }
  const tells = daemon.type === 'notify' || daemon.type === 'notify-reload';
  const usual = isBackend && !tells ? 'probe' : 'type';
  if (daemon.readiness.kind !== usual) {
    report.lose('daemon.readiness', 'when it is ready is a matter of its Type= alone');
  }
  if (daemon.listenPid === 'omit') report.lose('daemon.listenPid', 'LISTEN_PID is always there');
  if (daemon.idleStop !== undefined && !isBackend) {
    report.lose('daemon.idleStop', 'nobody ends a server that is idle', 'let it end itself');
  }
};

const mostDescriptors = 1_048_576;

export const daemonLines = (
  daemon: Daemon,
  lifetime: Lifetime,
  isBackend: boolean,
  report: LossReport,
): readonly Line[] => {
  const isOneshot = daemon.type === 'oneshot';
  tellLosses(daemon, isBackend, report);
  if (daemon.storeLimit > mostDescriptors)
    report.lose('daemon.storeLimit', 'so many descriptors are not kept');
  if (!isOneshot && daemon.furtherStarts.length > 0) {
    report.lose('daemon.furtherStarts', 'a second command is run by oneshots alone');
  }
  return [
    ...(isOneshot ? commandLines('ExecStart', 'daemon.furtherStarts', daemon.furtherStarts, report) : []),
    ...commandLines('ExecStartPre', 'daemon.startBefore', daemon.startBefore, report),
    ...commandLines('ExecStartPost', 'daemon.startAfter', daemon.startAfter, report),
    ...commandLines('ExecReload', 'daemon.reload', daemon.reload, report),
    ...commandLines('ExecStop', 'daemon.stop', daemon.stop, report),
    ...commandLines('ExecStopPost', 'daemon.stopAfter', daemon.stopAfter, report),
    ...unless('Type', daemon.type, plainDaemon.type, showWord),
    ...unless('NonBlocking', daemon.isNonBlocking, false, showSwitch),
    ...notifyLines(daemon, report),
    ...unless('FileDescriptorStoreMax', Math.min(daemon.storeLimit, mostDescriptors), 0, String),
    ...pidFileLines(daemon.pidFile, report),
    ...unless('RemainAfterExit', daemon.remainsAfterExit, false, showSwitch),
    ...unless(
      'TimeoutStartSec',
      daemon.startTimeout,
      isOneshot ? undefined : plainDaemon.startTimeout,
      showTimeout,
    ),
    ...unless('TimeoutAbortSec', daemon.abortTimeout, lifetime.ending.timeout, showTimeout),
    ...(daemon.watchdog === undefined ? [] : [['WatchdogSec', span(daemon.watchdog)] as const]),
    ...unless('WatchdogSignal', daemon.watchdogSignal, plainDaemon.watchdogSignal, showSignal),
    ...unless('ReloadSignal', daemon.reloadSignal, plainDaemon.reloadSignal, showSignal),
    ...restartLines(daemon, report),
  ];
};

/** In [Unit]. */
export const startLimitLines = ({ startLimit }: Daemon): readonly Line[] => {
  if (startLimit === undefined) return [['StartLimitIntervalSec', '0']];
  const usual = plainDaemon.startLimit ?? { count: 5, window: milliseconds(10_000) };
  return [
    ...unless('StartLimitIntervalSec', startLimit.window, usual.window, span),
    ...unless('StartLimitBurst', startLimit.count, usual.count, String),
  ];
};
