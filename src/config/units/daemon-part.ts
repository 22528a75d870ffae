// How a server that has all sockets of its units is told, awaited, restarted and stopped.
import {
  type CommandLine,
  type Daemon,
  type DaemonType,
  daemonTypes,
  type Lifetime,
  notifyAccesses,
} from '../../model/daemon.ts';
import { type LocatedCommand, readCommands } from './commands.ts';
import { lastOf, readTimeout, usualTimeout } from './ending.ts';
import { readRestart, readStartLimit } from './restart.ts';
import type { ServiceContext } from './service-part.ts';
import { readSignal } from './signals.ts';
import type { Unit, Values } from './unit.ts';
import { checkPath, readChoice, readNumberIn, readSwitch, readText } from './values.ts';

const types = [...daemonTypes, 'dbus', 'idle'] as const;

/** What acceptd does in place of the types that only systemd has. */
export const readType = (values: Values, unit: Unit): DaemonType => {
  const value = values.one('Type');
  const type = readChoice(value, types, unit) ?? 'simple';
  if (value === undefined || (type !== 'dbus' && type !== 'idle'))
    return type === 'dbus' || type === 'idle' ? 'simple' : type;
  if (type === 'dbus') {
    unit.report.warn(
      value,
      'nobody waits for its name on the bus: it counts as started at once',
      'write Type=exec',
    );
  } else {
    unit.report.warn(value, 'it does not wait until others are started', 'write Type=simple');
  }
  return 'simple';
};

/** Whoever is awaited so is listened to. */
const readNotifyAccess = (values: Values, isNeeded: boolean, unit: Unit): Daemon['notifyAccess'] => {
  const access = readChoice(values.one('NotifyAccess'), notifyAccesses, unit) ?? 'none';
  return access === 'none' && isNeeded ? 'main' : access;
};

/** Relative to /run. */
const readPidFile = (values: Values, unit: Unit): string | undefined => {
  const value = values.one('PIDFile');
  const text = readText(value, unit);
  if (value === undefined || text === undefined) return undefined;
  return checkPath(value, text.startsWith('/') ? text : `/run/${text}`, unit);
};

export type Commands = {
  readonly starts: readonly LocatedCommand[];
  readonly startBefore: readonly LocatedCommand[];
  readonly startAfter: readonly LocatedCommand[];
  readonly reload: readonly LocatedCommand[];
  readonly stop: readonly LocatedCommand[];
  readonly stopAfter: readonly LocatedCommand[];
};

export const readAllCommands = (values: Values, unit: Unit): Commands => ({
  starts: readCommands('ExecStart', values, unit),
  startBefore: readCommands('ExecStartPre', values, unit),
  startAfter: readCommands('ExecStartPost', values, unit),
  reload: readCommands('ExecReload', values, unit),
  stop: readCommands('ExecStop', values, unit),
  stopAfter: readCommands('ExecStopPost', values, unit),
});

/** PermissionsStartOnly=, which `+` has replaced. */
const withRights =
  (hasAll: boolean) =>
  ({ command }: LocatedCommand): CommandLine =>
    hasAll && command.rights === 'service' ? { ...command, rights: 'full' } : command;

const mostDescriptors = 1_048_576;

export const readDaemon = (
  commands: Commands,
  lifetime: Lifetime,
  hasSocketAsStream: boolean,
  context: ServiceContext,
  unit: Unit,
): Daemon => {
  const values = unit.section('Service');
  const type = readType(values, unit);
  const watchdog = readTimeout(values.one('WatchdogSec'), undefined, unit);
  const storeLimit = readNumberIn(values.one('FileDescriptorStoreMax'), 0, mostDescriptors, unit) ?? 0;
  const notifies = type === 'notify' || type === 'notify-reload';
  const start = lastOf(values, unit, 'TimeoutSec', 'TimeoutStartSec');
  const isBackend = context.role === 'backend';
  const others = withRights(readSwitch(values.one('PermissionsStartOnly'), unit) ?? false);
  return {
    activation: isBackend ? 'none' : hasSocketAsStream ? 'inetd' : 'listen-fds',
    type,
    onDemand: true,
    readiness: { kind: isBackend && (type === 'simple' || type === 'exec') ? 'probe' : 'type' },
    isNonBlocking: readSwitch(values.one('NonBlocking'), unit) ?? false,
    listenPid: 'own',
    notifyAccess: readNotifyAccess(values, notifies || watchdog !== undefined || storeLimit > 0, unit),
    storeLimit,
    pidFile: readPidFile(values, unit),
    startTimeout: readTimeout(start, type === 'oneshot' ? undefined : usualTimeout, unit),
    abortTimeout: readTimeout(values.one('TimeoutAbortSec'), lifetime.ending.timeout, unit),
    watchdog,
    watchdogSignal: readSignal(values.one('WatchdogSignal'), unit) ?? 6,
    restart: readRestart(values, type, unit),
    startLimit: readStartLimit(unit),
    remainsAfterExit: readSwitch(values.one('RemainAfterExit'), unit) ?? false,
    flushesPending: context.flushesPending,
    idleStop: undefined,
    startBefore: commands.startBefore.map(others),
    startAfter: commands.startAfter.map(others),
    furtherStarts: commands.starts.slice(1).map(({ command }) => command),
    reload: commands.reload.map(others),
    reloadSignal: readSignal(values.one('ReloadSignal'), unit) ?? 1,
    stop: commands.stop.map(others),
    stopAfter: commands.stopAfter.map(others),
  };
};
