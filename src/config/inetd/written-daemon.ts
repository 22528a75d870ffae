// A daemon and the endings of processes, as lines of a definition.
import {
  type CommandLine,
  type Daemon,
  type EndStatuses,
  plainDaemon,
  plainLifetime,
  type Readiness,
} from '../../model/daemon.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import { showSignal } from '../signals.ts';
import { span } from './written-access.ts';
import { type Line, lineIf, optional } from './written-line.ts';

const spanOrNever = (value: Milliseconds | undefined): string =>
  value === undefined ? 'never' : span(value);

const statusWords = ({ codes, signals }: EndStatuses): readonly string[] => [
  ...codes.map(String),
  ...signals.map(showSignal),
];

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const prefixesOf = ({ file, arguments: [name], ...command }: CommandLine): string =>
  [
    command.forgivesFailure ? '-' : '',
    command.expandsVariables ? '' : ':',
    command.rights === 'full' ? '+' : command.rights === 'keeps-user' ? '!' : '',
    name === file ? '' : '@',
  ].join('');

/** A word `;` that is an argument gets a backslash: alone it is between two commands. */
const commandWord = (word: string): string => (/^\\*;$/.test(word) ? `\\${word}` : word);

const commandWords = (command: CommandLine): readonly string[] => {
  const [name, ...rest] = command.arguments;
  const others = name === undefined || name === command.file ? rest : [name, ...rest];
  return [`${prefixesOf(command)}${command.file}`, ...others.map(commandWord)];
};

const commandLine = (key: string, commands: readonly CommandLine[]): readonly Line[] =>
  commands.length === 0
    ? []
    : [[key, ...commands.flatMap((each, index) => [...(index === 0 ? [] : [';']), ...commandWords(each)])]];

const readinessWords = (readiness: Readiness): readonly string[] => {
  switch (readiness.kind) {
    case 'line':
      return ['line', readiness.pattern];
    case 'delay':
      return ['delay', span(readiness.duration)];
    case 'type':
    case 'probe':
    case 'listen':
      return [readiness.kind];
  }
};

const readinessLine = ({ activation, readiness }: Daemon): readonly Line[] => {
  const standard: Readiness = activation === 'adopt' ? { kind: 'listen' } : plainDaemon.readiness;
  return lineIf(!isSame(readiness, standard), 'ready', ...readinessWords(readiness));
};

const restartLines = ({ restart }: Daemon): readonly Line[] => {
  const { when, pause, steps, longestPause, prevent, force } = restart;
  const isGrowing = steps !== 0 || longestPause !== pause;
  const words = [span(pause), ...(isGrowing ? [String(steps), span(longestPause)] : [])];
  return [
    ...lineIf(when !== plainDaemon.restart.when, 'restart', when),
    ...lineIf(isGrowing || pause !== plainDaemon.restart.pause, 'restart_pause', ...words),
    ...lineIf(statusWords(prevent).length > 0, 'restart_prevent', ...statusWords(prevent)),
    ...lineIf(statusWords(force).length > 0, 'restart_force', ...statusWords(force)),
  ];
};

const startLimitLine = ({ startLimit }: Daemon): readonly Line[] => {
  if (isSame(startLimit, plainDaemon.startLimit)) return [];
  if (startLimit === undefined) return [['start_limit', 'none']];
  return [['start_limit', String(startLimit.count), span(startLimit.window)]];
};

/** The activation is always written: it says that there is a daemon. */
export const daemonLines = ({ daemon }: Service): readonly Line[] => {
  if (daemon === undefined) return [];
  const onOff = (key: string, value: boolean, normal: boolean): readonly Line[] =>
    lineIf(value !== normal, key, value ? 'yes' : 'no');
  const limit = (key: 'start_timeout' | 'abort_timeout', value: Milliseconds | undefined): readonly Line[] =>
    lineIf(value !== plainDaemon.startTimeout, key, spanOrNever(value));
  return [
    ['activation', daemon.activation],
    ...lineIf(daemon.type !== plainDaemon.type, 'type', daemon.type),
    ...onOff('on_demand', daemon.onDemand, plainDaemon.onDemand),
    ...readinessLine(daemon),
    ...onOff('nonblocking', daemon.isNonBlocking, plainDaemon.isNonBlocking),
    ...lineIf(daemon.listenPid !== plainDaemon.listenPid, 'listen_pid', daemon.listenPid),
    ...lineIf(daemon.notifyAccess !== plainDaemon.notifyAccess, 'notify_access', daemon.notifyAccess),
    ...lineIf(daemon.storeLimit !== plainDaemon.storeLimit, 'fd_store', String(daemon.storeLimit)),
    ...optional('pid_file', daemon.pidFile),
    ...limit('start_timeout', daemon.startTimeout),
    ...limit('abort_timeout', daemon.abortTimeout),
    ...(daemon.watchdog === undefined ? [] : [['watchdog', span(daemon.watchdog)] as const]),
    ...lineIf(
      daemon.watchdogSignal !== plainDaemon.watchdogSignal,
      'watchdog_signal',
      showSignal(daemon.watchdogSignal),
    ),
    ...restartLines(daemon),
    ...startLimitLine(daemon),
    ...onOff('remain_after_exit', daemon.remainsAfterExit, plainDaemon.remainsAfterExit),
    ...onOff('flush_pending', daemon.flushesPending, plainDaemon.flushesPending),
    ...(daemon.idleStop === undefined ? [] : [['idle_stop', span(daemon.idleStop)] as const]),
    ...commandLine('start_before', daemon.startBefore),
    ...commandLine('start_after', daemon.startAfter),
    ...commandLine('further_starts', daemon.furtherStarts),
    ...commandLine('reload_command', daemon.reload),
    ...lineIf(
      daemon.reloadSignal !== plainDaemon.reloadSignal,
      'reload_signal',
      showSignal(daemon.reloadSignal),
    ),
    ...commandLine('stop_command', daemon.stop),
    ...commandLine('stop_after', daemon.stopAfter),
  ];
};

/** Without a daemon one line is always written, so that it reads back as something that is set. */
export const lifetimeLines = ({ lifetime, daemon }: Service): readonly Line[] => {
  if (lifetime === undefined) return [];
  const { ending, longest, success } = lifetime;
  const standard = plainLifetime.ending;
  const isWritten = daemon === undefined || ending.timeout !== standard.timeout;
  return [
    ...lineIf(ending.mode !== standard.mode, 'kill_mode', ending.mode),
    ...lineIf(ending.signal !== standard.signal, 'kill_signal', showSignal(ending.signal)),
    ...lineIf(ending.finalSignal !== standard.finalSignal, 'final_signal', showSignal(ending.finalSignal)),
    ...lineIf(ending.hangsUp !== standard.hangsUp, 'send_hangup', 'yes'),
    ...lineIf(ending.kills !== standard.kills, 'send_kill', 'no'),
    ...lineIf(isWritten, 'stop_timeout', spanOrNever(ending.timeout)),
    ...(longest === undefined ? [] : [['max_runtime', span(longest)] as const]),
    ...lineIf(!isSame(success, plainLifetime.success), 'success', ...statusWords(success)),
  ];
};
