// The system's logger, which is never waited for.
import type { SyslogFacility, SyslogLevel } from '../model/service-log.ts';
import type { Severity } from './log.ts';
import { createLogChannel, type LogChannel, type LogChannelOptions } from './log-channel.ts';
import { type EntryWriter, type LogEntry, lineOf } from './log-entry.ts';
import { type About, createMessageFormat, priorityOf, type SyslogFormat } from './syslog-message.ts';

export type Syslog = Omit<LogChannel, 'send'> & {
  readonly send: (priority: number, text: string, about?: About) => void;
};

export type SyslogOptions = Omit<LogChannelOptions, 'name' | 'sendLong'> & {
  readonly format: SyslogFormat;
  /** The name that messages bear: parsers of xinetd's know `xinetd`. */
  readonly ident: string;
  readonly pid: number;
};

export const usualLogSocket = '/dev/log';

export const createSyslog = (options: SyslogOptions): Syslog => {
  const channel = createLogChannel({ ...options, name: 'syslog', sendLong: undefined });
  const format = createMessageFormat(options.format, options.clock, options.ident, options.pid);
  return {
    ...channel,
    send: (priority, text, about) => channel.send(Buffer.from(format(priority, text, about))),
  };
};

const levels = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'err',
} as const satisfies Record<Severity, SyslogLevel>;

const aboutOf = ({ fields, about }: LogEntry): About => {
  const { event, service } = fields;
  return {
    // an event's name is a word of RFC 5424's MSGID too
    kind: event.slice(0, 32),
    service: typeof service === 'string' ? service : undefined,
    pid: about !== undefined && 'pid' in about ? about.pid : undefined,
    peer: about !== undefined && 'peer' in about ? about.peer : undefined,
  };
};

/** acceptd's own entries. */
export const createSyslogLog = (syslog: Syslog, facility: SyslogFacility): EntryWriter => ({
  write: (entry) => syslog.send(priorityOf(facility, levels[entry.severity]), lineOf(entry), aboutOf(entry)),
  flush: syslog.flush,
  reopen: () => undefined,
  lost: syslog.lost,
});
