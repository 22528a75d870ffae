// What a log is given: one entry for each thing that happens, before it becomes JSON, a message of syslog or one of journald.
import { describeAddress, showPeer } from '../model/address.ts';
import { escapeControls } from '../model/diagnostic.ts';
import { describeEvent, type LoggedEvent, type LogLevel, levelOf, logLevels, type Severity } from './log.ts';

export const isAtLeast = (severity: Severity, level: LogLevel): boolean =>
  logLevels.indexOf(severity) >= logLevels.indexOf(level);

/** `event` names what happened. */
export type LogFields = { readonly event: string; readonly [field: string]: unknown };

export type LogEntry = {
  readonly severity: Severity;
  readonly fields: LogFields;
  /** The sentence. */
  readonly text: string;
  /** What the engine told; undefined of what acceptd says of itself. */
  readonly about: LoggedEvent | undefined;
};

/** One of the places that entries go to. It must not wait; what it cannot take is counted, and told when it can again. */
export type EntryWriter = {
  readonly write: (entry: LogEntry) => void;
  /** Everything is written, or could not be in so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
  /** After a rotation: whatever is at its path now is written to. */
  readonly reopen: () => void;
  /** Entries that were lost from the start on. */
  readonly lost: () => number;
};

const clean = (value: unknown): unknown => {
  if (typeof value === 'string') return escapeControls(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(clean);
  const cleaned: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) cleaned[key] = clean(each);
  return cleaned;
};

/** No text of a peer or a handler has a control character or a mark that turns letters around, in any log. */
export const cleanFields = (fields: LogFields): LogFields => {
  const cleaned: { event: string; [field: string]: unknown } = { event: escapeControls(fields.event) };
  for (const key in fields) cleaned[key] = clean(fields[key]);
  return cleaned;
};

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** In another form, in the sentence, or only for who counts. */
const isShownElse = (key: string): boolean =>
  key === 'address' || key === 'peer' || key === 'line' || key === 'isBegun' || key === 'isDaemon';

/** An event's own fields, flat, for those who search records; milliseconds to the microsecond. */
const fieldsOf = (event: LoggedEvent): LogFields => {
  const shown: LoggedEvent & { readonly [field: string]: unknown } = event;
  const fields: { event: string; [field: string]: unknown } = { event: event.kind };
  for (const key in shown) {
    // what is shown in another form keeps its place
    if (key !== 'kind') fields[key] = isShownElse(key) ? undefined : clean(shown[key]);
  }
  if ('address' in event) fields['address'] = escapeControls(describeAddress(event.address));
  if ('peer' in event && event.peer !== undefined) fields['peer'] = escapeControls(showPeer(event.peer));
  if ('duration' in event) fields['duration'] = round(event.duration);
  return fields;
};

/** How much it matters, which costs less to say than to make the entry. */
export const severityOf = (event: LoggedEvent): Severity =>
  event.kind === 'exited' && event.status.kind === 'signal' ? 'warn' : levelOf(event.kind);

/** What an event is in a log, whichever that is. */
export const entryOf = (event: LoggedEvent): LogEntry => ({
  severity: severityOf(event),
  fields: fieldsOf(event),
  text: describeEvent(event),
  about: event,
});

/** A sentence of several lines keeps them. */
export const cleanText = (text: string): string => text.replace(/[^\n\t]+/g, (part) => escapeControls(part));

/** One line, which says whose it is when it is a handler's. */
export const lineOf = ({ fields, text, about }: LogEntry): string => {
  const line = escapeControls(text);
  return about?.kind === 'handler-said' ? `${String(fields['service'])}[${about.pid}]: ${line}` : line;
};
