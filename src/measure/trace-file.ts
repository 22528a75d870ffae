// Reads the lines that acceptd --trace writes, from where the last reading ended.
import { closeSync, openSync, readSync } from 'node:fs';
import type { Moments } from '../model/event.ts';

/** What a line says of a connection, as far as it is measured. */
export type TracedRecord = Moments & {
  readonly service: string;
  readonly pid: number;
  /** The client's; 0 of a unix socket. */
  readonly port: number;
};

export type TraceReading = {
  readonly records: readonly TracedRecord[];
  /** Lines that acceptd could not write because the file was too slow. */
  readonly dropped: number;
  /** Lines that are no trace. */
  readonly strange: number;
  /** Where the next reading is to begin: behind the last whole line. */
  readonly offset: number;
};

const pieceSize = 1_048_576;
const newline = 10;

const momentNames = [
  'ready',
  'accepted',
  'spawning',
  'spawned',
  'childBegan',
  'executing',
  'reaped',
] as const satisfies readonly (keyof Moments)[];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isTracedRecord = (line: unknown): line is TracedRecord =>
  isObject(line) &&
  typeof line['service'] === 'string' &&
  ['pid', 'port', ...momentNames].every((name) => Number.isFinite(line[name]));

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** The whole lines of a piece of a file. */
const parseLines = (text: string): Omit<TraceReading, 'offset'> => {
  const records: TracedRecord[] = [];
  let dropped = 0;
  let strange = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const said = parse(line);
    if (isTracedRecord(said)) records.push(said);
    else if (isObject(said) && typeof said['dropped'] === 'number') dropped += said['dropped'];
    else strange += 1;
  }
  return { records, dropped, strange };
};

/**
 * All whole lines from a byte of the file on; one that is being written is left for the next time, and so is what comes
 * some thousand lines after the first `most`. Throws the file system's error.
 */
export const readTrace = (path: string, from: number, most = Number.POSITIVE_INFINITY): TraceReading => {
  const file = openSync(path, 'r');
  try {
    const records: TracedRecord[] = [];
    let [dropped, strange, offset, size] = [0, 0, from, pieceSize];
    while (records.length < most) {
      const piece = Buffer.allocUnsafe(size);
      const length = readSync(file, piece, 0, size, offset);
      const end = piece.subarray(0, length).lastIndexOf(newline) + 1;
      if (end === 0) {
        if (length < size) break;
        // a line as long as that is none of acceptd's, but whoever wrote it may not keep us from the next
        size *= 2;
        continue;
      }
      const found = parseLines(piece.toString('utf8', 0, end));
      for (const record of found.records) records.push(record);
      dropped += found.dropped;
      strange += found.strange;
      offset += end;
    }
    return { records, dropped, strange, offset };
  } finally {
    closeSync(file);
  }
};
