// acceptd's own records of what it does, on the stderr that it was started with.
import { isatty } from 'node:tty';
import { type Diagnostic, isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Observer } from '../model/event.ts';
import type { Kernel } from '../native/kernel.ts';
import { createLog, type LogLevel } from '../operate/log.ts';
import { openLogSink } from '../operate/log-sink.ts';
import { prettyRecords } from './pretty-records.ts';

export type LogFormat = 'auto' | 'json' | 'pretty';

export type RecordLog = {
  readonly observer: Observer;
  readonly tell: (diagnostics: readonly Diagnostic[]) => void;
  /** What is no event of the engine: `event` names it, `text` is the sentence. */
  readonly say: (
    severity: 'info' | 'warn' | 'error',
    record: { readonly event: string; readonly [field: string]: unknown },
    text: string,
  ) => void;
  readonly flush: (patience: number) => Promise<void>;
};

const standardError = 2;

/** Readable records for people, loaded only when one is there. */
const chooseFormat = async (format: LogFormat): Promise<(record: string) => string> => {
  if (format === 'json' || (format === 'auto' && !isatty(standardError))) return (record) => record;
  return prettyRecords(isatty(standardError));
};

export const openRecordLog = async (
  kernel: Kernel,
  level: LogLevel,
  format: LogFormat,
): Promise<RecordLog> => {
  const sink = openLogSink(kernel, kernel.standardError);
  const { observer, logger } = createLog(sink, level, await chooseFormat(format));
  return {
    observer,
    tell: (diagnostics) => {
      for (const diagnostic of diagnostics) {
        const { severity, at, message } = diagnostic;
        logger[isError(diagnostic) ? 'error' : 'warn'](
          { event: 'diagnostic', severity, at, message },
          showDiagnostic(diagnostic),
        );
      }
    },
    say: (severity, record, text) => logger[severity](record, text),
    flush: sink.flush,
  };
};
