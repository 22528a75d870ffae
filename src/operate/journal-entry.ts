// An entry in the journal's native protocol (systemd.journal-fields(7)): fields by name, each a line, or with its length before it.
import type { Peer } from '../model/address.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { SyslogFacility } from '../model/service-log.ts';
import type { Severity } from './log.ts';
import { type LogEntry, lineOf } from './log-entry.ts';
import { messageIdOf } from './message-ids.ts';
import { facilityNumber } from './syslog-message.ts';

type Field = readonly [name: string, value: string];

export const journalPriorities = { debug: 7, info: 6, warn: 4, error: 3 } as const satisfies Record<
  Severity,
  number
>;

/** A field that holds a list is there so often. */
const mostOfOne = 100;
/** What the journal takes. */
const longestName = 64;

/** `peakKibibytes` -> `ACCEPTD_PEAK_KIBIBYTES`. */
export const fieldName = (name: string): string =>
  `ACCEPTD_${name
    .replace(/[a-z0-9](?=[A-Z])/g, '$&_')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()}`.slice(0, longestName);

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Each part of what has parts is a field, each member of a list the same field once more; what is deeper is JSON. */
const spread = (name: string, value: unknown, isDeep = false): readonly Field[] => {
  if (value === undefined || value === null) return [];
  if (isPlain(value)) return [[fieldName(name), String(value)]];
  if (Array.isArray(value) && value.length <= mostOfOne && value.every(isPlain)) {
    return value.map((each): Field => [fieldName(name), String(each)]);
  }
  if (isDeep || typeof value !== 'object' || Array.isArray(value)) {
    return [[fieldName(name), JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, each]) => spread(`${name}_${key}`, each, true));
};

const clientOf = (peer: Peer | undefined): readonly Field[] =>
  peer?.kind !== 'internet'
    ? []
    : [
        ['CLIENT_ADDRESS', escapeControls(peer.host)],
        ['CLIENT_PORT', String(peer.port)],
      ];

/** What OpenTelemetry has names for, where a collector looks for them; the journal's have no dots. */
const commonFields = ({ about }: LogEntry): readonly Field[] => {
  if (about === undefined) return [];
  const fields: Field[] = 'peer' in about ? [...clientOf(about.peer)] : [];
  if ('pid' in about && about.pid !== undefined) fields.push(['PROCESS_PID', String(about.pid)]);
  if (about.kind === 'exited' && about.status.kind === 'exit') {
    fields.push(['PROCESS_EXIT_CODE', String(about.status.code)]);
  }
  if ('address' in about && about.address.kind === 'internet') {
    const { host, port, socketType } = about.address;
    fields.push(['SERVER_ADDRESS', escapeControls(host)], ['SERVER_PORT', String(port)]);
    fields.push(['NETWORK_TRANSPORT', socketType === 'stream' ? 'tcp' : 'udp']);
  }
  return fields;
};

/** `FIELD=value`, or for what has several lines the name, 64 bits of length with the lowest byte first, and the value. */
const writeField = ([name, value]: Field): Uint8Array => {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
  return Buffer.concat([Buffer.from(`${name}\n`), length, Buffer.from(`${value}\n`)]);
};

const isOneLine = ([, value]: Field): boolean => !value.includes('\n');

export type Sender = {
  readonly ident: string;
  readonly pid: number;
  readonly facility: SyslogFacility;
};

export const journalMessage = (entry: LogEntry, { ident, pid, facility }: Sender): Uint8Array => {
  const { event, ...rest } = entry.fields;
  const messageId = messageIdOf(event);
  const hasSeveralLines = entry.about === undefined && entry.text.includes('\n');
  const fields: readonly Field[] = [
    ['MESSAGE', hasSeveralLines ? entry.text : lineOf(entry)],
    ['PRIORITY', String(journalPriorities[entry.severity])],
    ['SYSLOG_IDENTIFIER', ident],
    ['SYSLOG_FACILITY', String(facilityNumber(facility))],
    ['SYSLOG_PID', String(pid)],
    ...(messageId === undefined ? [] : [['MESSAGE_ID', messageId] as const]),
    ['ACCEPTD_EVENT', event],
    ...Object.entries(rest).flatMap(([name, value]) => spread(name, value)),
    ...commonFields(entry),
  ];
  // most have no newline at all: one text is made bytes faster than ten
  if (fields.every(isOneLine)) {
    return Buffer.from(fields.map(([name, value]) => `${name}=${value}\n`).join(''));
  }
  return Buffer.concat(fields.map(writeField));
};
