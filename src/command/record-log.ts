// The places of acceptd's own records: one writer for each place that was asked for.
import { isatty } from 'node:tty';
import type { Clock } from '../model/clock.ts';
import type { Kernel } from '../native/kernel.ts';
import { createJournal, isJournalStream, journalSocket } from '../operate/journal.ts';
import { createJsonFile, createJsonLog } from '../operate/json-log.ts';
import type { EntryWriter } from '../operate/log-entry.ts';
import { createLogFile } from '../operate/log-file.ts';
import type { TellNotice } from '../operate/log-notice.ts';
import { openLogSink } from '../operate/log-sink.ts';
import { createSyslog, createSyslogLog, usualLogSocket } from '../operate/syslog.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import type { RecordTarget } from './log-targets.ts';
import { prettyRecords } from './pretty-records.ts';

export type LogFormat = 'auto' | 'json' | 'pretty';

const standardError = 2;
const ident = 'acceptd';
const noLimits = { soft: undefined, hard: undefined };

/** Readable records for people, loaded only when one is there. */
const chooseFormat = async (format: LogFormat): Promise<(record: string) => string> => {
  if (format === 'json' || (format === 'auto' && !isatty(standardError))) return (record) => record;
  return prettyRecords(isatty(standardError));
};

/** Records on the stderr that acceptd was started with. */
export const openStandardErrorLog = async (kernel: Kernel, format: LogFormat): Promise<EntryWriter> =>
  createJsonLog(openLogSink(kernel, kernel.standardError), await chooseFormat(format));

/** Where records go that nobody has chosen a place for: whose stderr is the journal has more of it when it is told in full. */
export const defaultTargets = (
  format: LogFormat,
  environment: NodeJS.ProcessEnv,
): readonly RecordTarget[] => {
  const isJournal = format === 'auto' && isJournalStream(environment['JOURNAL_STREAM'], standardError);
  return [{ kind: isJournal ? 'journald' : 'stderr' }];
};

export type RecordLogOptions = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly tell: TellNotice;
  readonly syslogFormat: SyslogFormat;
  readonly standardError: EntryWriter;
};

export const openRecordLog = (target: RecordTarget, options: RecordLogOptions): EntryWriter => {
  const { pid } = process;
  switch (target.kind) {
    case 'stderr':
      return options.standardError;
    case 'journald':
      return createJournal({ ...options, path: journalSocket, ident, pid, facility: 'daemon' });
    case 'syslog': {
      const format = options.syslogFormat;
      return createSyslogLog(
        createSyslog({ ...options, path: usualLogSocket, ident, pid, format }),
        target.facility,
      );
    }
    case 'file':
      return createJsonFile(createLogFile(target.path, noLimits, options));
  }
};
