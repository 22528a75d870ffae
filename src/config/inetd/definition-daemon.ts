// The keys about a server that is started once for all sockets of its service, or behind a relay.
import {
  type Activation,
  activations,
  type Daemon,
  daemonTypes,
  notifyAccesses,
  plainDaemon,
  type Readiness,
  type Restart,
  restartWhens,
} from '../../model/daemon.ts';
import type { Report, Token } from '../source.ts';
import { readCommands } from './definition-command.ts';
import { readLimitOrNever, readSignal, readStatuses } from './definition-lifetime.ts';
import { type Keys, readChoice, readDurationValue, readNumberValue, readSwitch } from './keys.ts';

/** Keys with any of which a service has a daemon. */
export const daemonKeys = [
  'activation',
  'type',
  'notify',
  'notify_access',
  'on_demand',
  'ready',
  'nonblocking',
  'listen_pid',
  'fd_store',
  'pid_file',
  'start_timeout',
  'abort_timeout',
  'watchdog',
  'watchdog_signal',
  'restart',
  'restart_pause',
  'restart_prevent',
  'restart_force',
  'start_limit',
  'remain_after_exit',
  'flush_pending',
  'idle_stop',
  'start_before',
  'start_after',
  'further_starts',
  'reload_command',
  'reload_signal',
  'stop_command',
  'stop_after',
] as const;

/** `listen_fds`, as the variable is called, is `listen-fds`. */
const readActivation = (value: Token | undefined, report: Report): Activation | undefined =>
  readChoice(value && { ...value, text: value.text.replaceAll('_', '-') }, activations, report);

export const isDaemonDefined = (keys: Keys): boolean =>
  daemonKeys.some((key) => keys.place(key) !== undefined);

const readinessKinds = ['type', 'probe', 'listen', 'line', 'delay'] as const;

const isPattern = (text: string): boolean => {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
};

const readReadiness = (keys: Keys, report: Report): Readiness | undefined => {
  const [word, argument] = keys.all('ready') ?? [];
  const kind = readChoice(word, readinessKinds, report);
  if (word === undefined || kind === undefined) return undefined;
  if (kind !== 'line' && kind !== 'delay') {
    if (argument !== undefined) report.error(argument, `'${kind}' takes nothing more`, 'remove it');
    return { kind };
  }
  if (argument === undefined) {
    const example = kind === 'line' ? 'ready = line "accepting connections"' : 'ready = delay 500ms';
    return report.error(word, `'${kind}' needs one more value`, `write ${example}`);
  }
  if (kind === 'line') {
    if (isPattern(argument.text)) return { kind, pattern: argument.text };
    return report.error(argument, `'${argument.text}' is no regular expression`, 'look at its brackets');
  }
  const duration = readDurationValue(argument, report);
  return duration && { kind, duration };
};

/** `PAUSE`, or `PAUSE STEPS LONGEST`. */
const readRestart = (keys: Keys, report: Report): Restart => {
  const [pauseWord, stepsWord, longestWord] = keys.all('restart_pause') ?? [];
  const pause = readDurationValue(pauseWord, report) ?? plainDaemon.restart.pause;
  if (stepsWord !== undefined && longestWord === undefined) {
    report.error(stepsWord, 'the longest pause is missing', 'write PAUSE STEPS LONGEST');
  }
  return {
    when: readChoice(keys.one('restart'), restartWhens, report) ?? plainDaemon.restart.when,
    pause,
    steps: readNumberValue(stepsWord, 0, 1000, report) ?? 0,
    longestPause: readDurationValue(longestWord, report) ?? pause,
    prevent: readStatuses(keys.all('restart_prevent') ?? [], report),
    force: readStatuses(keys.all('restart_force') ?? [], report),
  };
};

/** `COUNT WINDOW`, or `none`. */
const readStartLimit = (keys: Keys, report: Report): Daemon['startLimit'] => {
  const [countWord, windowWord] = keys.all('start_limit') ?? [];
  if (countWord === undefined) return plainDaemon.startLimit;
  if (countWord.text === 'none' && windowWord === undefined) return undefined;
  const count = readNumberValue(countWord, 1, 1_000_000, report);
  const window = readDurationValue(windowWord, report);
  if (windowWord === undefined) return report.error(countWord, 'the window is missing', 'write COUNT WINDOW');
  return count === undefined || window === undefined ? undefined : { count, window };
};

const readType = (keys: Keys, report: Report): Daemon['type'] => {
  const notifies = readSwitch(keys.one('notify'), report);
  const written = readChoice(keys.one('type'), daemonTypes, report);
  const place = keys.place('notify');
  if (place !== undefined && written !== undefined) {
    report.error(place, "'notify' says again what 'type' says", 'keep one of them');
  }
  return written ?? (notifies === true ? 'notify' : plainDaemon.type);
};

/** undefined where no key asks for one. */
export const readDaemonKeys = (keys: Keys, report: Report): Daemon | undefined => {
  if (!isDaemonDefined(keys)) return undefined;
  const isOn = (key: string, standard: boolean): boolean => readSwitch(keys.one(key), report) ?? standard;
  const commands = (key: string): Daemon['stop'] => readCommands(keys.all(key), report);
  const activation = readActivation(keys.one('activation'), report) ?? plainDaemon.activation;
  const readiness: Readiness = activation === 'adopt' ? { kind: 'listen' } : plainDaemon.readiness;
  return {
    activation,
    type: readType(keys, report),
    onDemand: isOn('on_demand', plainDaemon.onDemand),
    readiness: readReadiness(keys, report) ?? readiness,
    isNonBlocking: isOn('nonblocking', plainDaemon.isNonBlocking),
    listenPid: readChoice(keys.one('listen_pid'), ['own', 'omit'], report) ?? plainDaemon.listenPid,
    notifyAccess: readChoice(keys.one('notify_access'), notifyAccesses, report) ?? plainDaemon.notifyAccess,
    storeLimit: readNumberValue(keys.one('fd_store'), 0, 10_000, report) ?? plainDaemon.storeLimit,
    pidFile: keys.one('pid_file')?.text,
    startTimeout: readLimitOrNever(keys.one('start_timeout'), plainDaemon.startTimeout, report),
    abortTimeout: readLimitOrNever(keys.one('abort_timeout'), plainDaemon.abortTimeout, report),
    watchdog: readDurationValue(keys.one('watchdog'), report),
    watchdogSignal: readSignal(keys.one('watchdog_signal'), report) ?? plainDaemon.watchdogSignal,
    restart: readRestart(keys, report),
    startLimit: readStartLimit(keys, report),
    remainsAfterExit: isOn('remain_after_exit', plainDaemon.remainsAfterExit),
    flushesPending: isOn('flush_pending', plainDaemon.flushesPending),
    idleStop: readDurationValue(keys.one('idle_stop'), report),
    startBefore: commands('start_before'),
    startAfter: commands('start_after'),
    furtherStarts: commands('further_starts'),
    reload: commands('reload_command'),
    reloadSignal: readSignal(keys.one('reload_signal'), report) ?? plainDaemon.reloadSignal,
    stop: commands('stop_command'),
    stopAfter: commands('stop_after'),
  };
};
