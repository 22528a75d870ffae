// acceptd's own records: what the engine tells and what acceptd has to say of itself, given to every log that was asked for.
import type { Observer } from '../model/event.ts';
import { isLogged, isLoggedKind, type LogLevel, levelOf, type Severity } from './log.ts';
import {
  cleanFields,
  cleanText,
  type EntryWriter,
  entryOf,
  isAtLeast,
  type LogFields,
  severityOf,
} from './log-entry.ts';

export type Say = (severity: Severity, fields: LogFields, text: string) => void;

export type Records = {
  readonly observer: Observer;
  /** What is no event of the engine. */
  readonly say: Say;
};

export const createRecords = (writers: readonly Pick<EntryWriter, 'write'>[], level: LogLevel): Records => ({
  observer: {
    isWanted: (kind) => isLoggedKind(kind) && isAtLeast(kind === 'exited' ? 'warn' : levelOf(kind), level),
    observe: (event) => {
      // others may want what no log does, and an entry costs more than all else that is done for a client
      if (!isLogged(event) || !isAtLeast(severityOf(event), level)) return;
      const entry = entryOf(event);
      for (const each of writers) each.write(entry);
    },
  },
  say: (severity, fields, text) => {
    if (!isAtLeast(severity, level)) return;
    const entry = { severity, fields: cleanFields(fields), text: cleanText(text), about: undefined };
    for (const each of writers) each.write(entry);
  },
});
