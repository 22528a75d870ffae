// A line of the daemon's own log, to a file or to syslog, in xinetd's form.
import type { Clock } from '../model/clock.ts';
import type { SyslogFacility, SyslogLevel } from '../model/service-log.ts';
import type { LogFile } from './log-file.ts';
import { eachSecond, fileTime } from './log-time.ts';
import type { Syslog } from './syslog.ts';
import { priorityOf } from './syslog-message.ts';

export type DaemonLevel = 'critical' | 'error' | 'warning' | 'notice' | 'info';

export type DaemonWriter = (level: DaemonLevel, text: string) => void;

const syslogLevels: Readonly<Record<DaemonLevel, SyslogLevel>> = {
  critical: 'crit',
  error: 'err',
  warning: 'warning',
  notice: 'notice',
  info: 'info',
};

/** `26/11/21@01:26:18 xinetd[22868]: NOTICE: text`. */
export const daemonFileWriter = (
  file: Pick<LogFile, 'write'>,
  clock: Clock,
  ident: string,
  pid: number,
): DaemonWriter => {
  const time = eachSecond(clock, fileTime);
  return (level, text) => file.write(`${time()} ${ident}[${pid}]: ${level.toUpperCase()}: ${text}\n`);
};

/** The text alone: the level is part of the message's priority. */
export const daemonSyslogWriter = (syslog: Pick<Syslog, 'send'>, facility: SyslogFacility): DaemonWriter => {
  return (level, text) => syslog.send(priorityOf(facility, syslogLevels[level]), text);
};
