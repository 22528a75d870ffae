// Entries as lines of JSON: on stderr, or in a file.
import pino, { type Logger } from 'pino';
import type { EntryWriter, LogEntry } from './log-entry.ts';
import type { LogFile } from './log-file.ts';
import type { LogSink } from './log-sink.ts';

/** Many records fall into one millisecond, and its text takes longer to make than all the rest of a record. */
const createTimestamp = (): (() => string) => {
  let last = Number.NaN;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
};

const openPino = (write: (record: string) => void): Logger =>
  pino(
    {
      level: 'debug',
      base: null,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );

const writeTo =
  (logger: Logger) =>
  ({ severity, fields, text }: LogEntry): void =>
    logger[severity](fields, text);

/** That records were lost is told as soon as there is room again, before anything else. */
export const createJsonLog = (sink: LogSink, format: (record: string) => string): EntryWriter => {
  const logger = openPino((record) => sink.write(format(record)));
  const write = writeTo(logger);
  const tellDropped = (): void => {
    const count = sink.takeDropped();
    if (count > 0) logger.warn({ event: 'log-dropped', count }, `${count} log records were lost`);
  };
  sink.onRoom(tellDropped);
  return {
    write: (entry) => {
      tellDropped();
      write(entry);
    },
    flush: sink.flush,
    reopen: () => undefined,
    lost: sink.lost,
  };
};

/** A file tells of its losses itself: by notices. */
export const createJsonFile = (file: LogFile): EntryWriter => ({
  write: writeTo(openPino(file.write)),
  flush: file.flush,
  reopen: file.reopen,
  lost: file.lost,
});
