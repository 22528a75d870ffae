// Follows a run's connections through the server: gathers the client's moments, acceptd's trace and the kernel's stamps.
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadSample } from '../native/load.ts';
import { openTracer } from '../native/tracer.ts';
import { joinPhases } from './phases.ts';
import { type KernelRecord, type KernelRecords, kernelPhases } from './process-life.ts';
import type { Phases } from './result.ts';
import type { Mistake } from './target.ts';
import { readTrace, type TracedRecord, type TraceReading } from './trace-file.ts';
import type { ClientMoments } from './way.ts';

export type PhaseTracer = {
  readonly onSample: (sample: LoadSample) => void;
  /** To be asked once, when the run has ended. */
  readonly readPhases: () => Promise<Phases>;
};

/** Milliseconds: well before the kernel's rings are full. */
const look = 50;
/** Connections that are kept until the end; some 100 MB with all that belongs to them. */
const mostConnections = 300_000;
/** Of each connection there are three, of a handler that is a shell many more. */
const mostRecords = 10 * mostConnections;
/** Milliseconds for the last handlers to end, and for their lines to be written. */
const patience = 2_000;

const copyOf = ({ port, started, connected, firstByte, ended, error }: LoadSample): ClientMoments => ({
  ...{ port, started, connected, firstByte, ended, error },
});

/** The kernel's stamps of all processes, as long as there is room for them. */
const openKernelRecords = () => {
  const tracer = openTracer();
  if ('unavailable' in tracer) return { stop: (): KernelRecords => tracer, lost: () => 0 };
  const records: KernelRecord[] = [];
  let unkept = 0;
  const read = (): void =>
    tracer.read((kind, pid, parent, moment) => {
      if (records.length < mostRecords) records.push({ kind, pid, parent, moment });
      else unkept += 1;
    });
  const timer = setInterval(read, look).unref();
  let lost = 0;
  return {
    stop: (): KernelRecords => {
      clearInterval(timer);
      read();
      lost = tracer.lost() + unkept;
      tracer.close();
      return records;
    },
    lost: () => lost,
  };
};

/** What acceptd has written since, once there are lines for so many connections, or no more come. */
const readWhole = async (
  path: string,
  from: number,
  connections: number,
): Promise<Pick<TraceReading, 'records' | 'dropped'>> => {
  const deadline = performance.now() + patience;
  const records: TracedRecord[] = [];
  let [dropped, offset] = [0, from];
  for (;;) {
    const reading = readTrace(path, offset, connections - records.length);
    for (const record of reading.records) records.push(record);
    dropped += reading.dropped;
    offset = reading.offset;
    if (records.length + dropped >= connections || performance.now() > deadline) return { records, dropped };
    await pause(look);
  }
};

const sizeOf = (path: string): number | Mistake => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return found.size;
  const what = found === undefined ? 'there is no' : 'this is no ordinary';
  return { mistake: `${what} file ${path}; name the one that acceptd writes with its own --trace` };
};

/**
 * To be opened before the run. `trace` is the file that the measured acceptd writes; without it the kernel tells what
 * it can of the processes that descend from `pid`. Connections of the warm-up (nanoseconds) are in no step.
 */
export const openPhaseTracer = (
  of: { readonly trace: string } | { readonly pid: number },
  warmUp: number,
): PhaseTracer | Mistake => {
  const from = 'trace' in of ? sizeOf(of.trace) : 0;
  if (typeof from !== 'number') return from;
  const kernel = openKernelRecords();
  const samples: ClientMoments[] = [];
  let begun = 0;
  let seen = 0;
  let followed = 0;

  const onSample = (sample: LoadSample): void => {
    begun = begun === 0 ? sample.started : Math.min(begun, sample.started);
    seen += 1;
    if (sample.started < begun + warmUp) return;
    followed += 1;
    if (samples.length < mostConnections) samples.push(copyOf(sample));
  };

  const readPhases = async (): Promise<Phases> => {
    const reading =
      'trace' in of ? await readWhole(of.trace, from, seen - followed + samples.length) : undefined;
    const records = kernel.stop();
    const stamps = kernel.lost();
    const within = {
      from: begun + warmUp,
      until: samples.reduce((most, { ended }) => Math.max(most, ended), 0),
    };
    const phases =
      reading === undefined
        ? kernelPhases(records, 'pid' in of ? of.pid : 0, within)
        : joinPhases({
            samples,
            traced: reading.records,
            kernel: records,
            lost: { lines: reading.dropped, stamps },
          });
    if (followed === samples.length) return phases;
    const rest = `Where the time of ${followed - samples.length} connections went: only the first ${samples.length} were followed.`;
    return { ...phases, unknown: [...phases.unknown, rest] };
  };

  return { onSample, readPhases };
};
