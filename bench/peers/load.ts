// One run of acceptd's own clients against one server: the only place here that knows the measuring tool.
import { startLoad } from '../../src/native/load.ts';
import { errorKinds } from '../../src/measure/result.ts';
import type { Measurement, Percentiles } from './sample.ts';

/** Milliseconds where it is a length of time. */
export type Load = {
  readonly port: number;
  /** In an open loop: how many may be under way at once. */
  readonly clients: number;
  /** Connections per second in an open loop; undefined: a closed one. */
  readonly rate?: number;
  /** Connections that begin in it are not measured. */
  readonly warmUp: number;
  /** One of the two ends the run. */
  readonly duration?: number;
  readonly count?: number;
  /** A connection that takes longer counts as failed. */
  readonly timeout: number;
  readonly answer: string;
  /** Tells the handler at once that nothing will come. */
  readonly shutsDown?: boolean;
  /** From how many addresses of 127.0.0.0/8 the clients come in turn; undefined: from one. */
  readonly sources?: number;
};

const firstSource = 0x7f020001;

const percentilesOf = (values: number[]): Percentiles => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), 'p99.9': at(0.999), most: at(1) };
};

export const measureLoad = async (load: Load): Promise<Measurement> => {
  const total = load.warmUp + (load.duration ?? 60000);
  const running = startLoad({
    address: { kind: 'tcp', version: 4, host: '127.0.0.1', port: load.port },
    clients: load.clients,
    arrivals:
      load.rate === undefined
        ? undefined
        : Float64Array.from(
            { length: Math.floor((total / 1000) * load.rate) },
            (_, index) => (index * 1e9) / (load.rate ?? 1),
          ),
    warmUp: load.warmUp * 1e6,
    duration: (load.duration ?? 60000) * 1e6,
    count: load.count ?? 1e9,
    timeout: load.timeout * 1e6,
    sends: new Uint8Array(),
    expects: Buffer.from(load.answer),
    endsAt: 'end of file',
    shutsDown: load.shutsDown ?? false,
    resets: true,
    tellsPorts: false,
    sources: load.sources === undefined ? undefined : { first: firstSource, count: load.sources },
  });
  const firstBytes: number[] = [];
  const ends: number[] = [];
  const moments: number[] = [];
  const errors: Record<string, number> = {};
  const starts: number[] = [];
  const takeSamples = () =>
    running.takeSamples((sample) => {
      const kind = errorKinds[sample.error - 1];
      if (kind !== undefined) {
        errors[kind] = (errors[kind] ?? 0) + 1;
        return;
      }
      const from = load.rate === undefined ? sample.started : sample.intended;
      starts.push(from);
      moments.push(sample.ended);
      firstBytes.push(sample.firstByte - from);
      ends.push(sample.lastByte - from);
    });
  const timer = setInterval(takeSamples, 200);
  const summary = await running.ended;
  clearInterval(timer);
  takeSamples();
  if (summary.unfinished > 0) errors['unfinished'] = summary.unfinished;
  const isMeasured = (_: number, index: number) => (starts[index] ?? 0) >= summary.measuredFrom;
  const measuredEnds = ends.filter(isMeasured);
  const endOfFile = percentilesOf(measuredEnds);
  const last = load.count === undefined ? summary.measuredUntil : Math.max(0, ...moments);
  const completed = moments.filter((moment) => moment >= summary.measuredFrom && moment <= last).length;
  return {
    connections: measuredEnds.length,
    rate: last > summary.measuredFrom ? completed / ((last - summary.measuredFrom) / 1e9) : 0,
    firstByte: percentilesOf(firstBytes.filter(isMeasured)),
    endOfFile,
    slow: measuredEnds.filter((time) => time / 1000 > 10 * endOfFile.p50).length,
    late: summary.late,
    errors,
  };
};
