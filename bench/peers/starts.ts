// One client after the other, each long after the one before has been served: how long the start of a daemon takes.
import { createDistribution } from '../../src/measure/histogram.ts';
import { type LoadSample, startLoad } from '../../src/native/load.ts';
import { openTracer, type ProcessChange } from '../../src/native/tracer.ts';
import type { Measurement, Percentiles } from './sample.ts';

export type StartLoad = {
  readonly port: number;
  /** The server: who starts the daemon. */
  readonly pid: number;
  readonly answer: string;
  readonly count: number;
  /** Milliseconds from one client's connect to the next one's, in which the daemon ends and the listener is watched again. */
  readonly pause: number;
};

/** Nanoseconds on CLOCK_MONOTONIC_RAW, as the tracer's are. */
type Client = Pick<LoadSample, 'started' | 'firstByte' | 'ended' | 'error'>;
type Record = {
  readonly kind: ProcessChange;
  readonly pid: number;
  readonly parent: number;
  readonly moment: number;
};

const perMillisecond = 1_000_000;
const timeout = 3_000 * perMillisecond;
/** Milliseconds: well before the kernel's rings are full. */
const look = 50;

/** The moments at which children of a process became another program. */
export const execsOf = (records: readonly Record[], pid: number): readonly number[] => {
  const children = new Set<number>();
  const moments: number[] = [];
  for (const record of records.toSorted((one, other) => one.moment - other.moment)) {
    if (record.kind === 'fork' && record.parent === pid) children.add(record.pid);
    if (record.kind === 'exec' && children.delete(record.pid)) moments.push(record.moment);
  }
  return moments;
};

/** Microseconds; undefined of nothing. */
const percentilesOf = (lengths: readonly number[]): Percentiles | undefined => {
  if (lengths.length === 0) return undefined;
  const distribution = createDistribution();
  for (const length of lengths) distribution.record(length);
  const { p50, p90, p99, p99_9, most } = distribution.read();
  return { p50, p90, p99, 'p99.9': p99_9, most };
};

const none: Percentiles = { p50: 0, p90: 0, p99: 0, 'p99.9': 0, most: 0 };

/** `execs` is undefined where the kernel's stamps cannot be had. */
export const startsOf = (clients: readonly Client[], execs: readonly number[] | undefined): Measurement => {
  const served = clients.filter(({ error }) => error === 0);
  const untilExec = served.flatMap(({ started, ended }) => {
    const exec = execs?.find((moment) => moment >= started && moment <= ended);
    return exec === undefined ? [] : [exec - started];
  });
  const exec = percentilesOf(untilExec);
  return {
    connections: served.length,
    rate: 0,
    firstByte: percentilesOf(served.map(({ started, firstByte }) => firstByte - started)) ?? none,
    endOfFile: percentilesOf(served.map(({ started, ended }) => ended - started)) ?? none,
    ...(exec === undefined ? {} : { exec }),
    slow: 0,
    late: 0,
    errors: { failed: clients.length - served.length },
  };
};

/** Throws SystemError when the clients cannot be started. */
export const measureStarts = async ({ port, pid, answer, count, pause }: StartLoad): Promise<Measurement> => {
  const tracer = openTracer();
  const records: Record[] = [];
  const readStamps = (): void => {
    if ('unavailable' in tracer) return;
    tracer.read((kind, process, parent, moment) => records.push({ kind, pid: process, parent, moment }));
  };
  const timer = setInterval(readStamps, look);
  const load = startLoad({
    address: { kind: 'tcp', version: 4, host: '127.0.0.1', port },
    clients: 1,
    arrivals: Float64Array.from({ length: count }, (_, index) => (index + 1) * pause * perMillisecond),
    warmUp: 0,
    duration: Number.POSITIVE_INFINITY,
    count,
    timeout,
    sends: new Uint8Array(0),
    expects: Buffer.from(answer),
    endsAt: 'end of file',
    shutsDown: false,
    resets: true,
    tellsPorts: false,
    sources: undefined,
  });
  try {
    await load.ended;
  } finally {
    clearInterval(timer);
  }
  readStamps();
  const clients: Client[] = [];
  load.takeSamples(({ started, firstByte, ended, error }) =>
    clients.push({ started, firstByte, ended, error }),
  );
  const hasStamps = !('unavailable' in tracer);
  if (hasStamps) tracer.close();
  return startsOf(clients, hasStamps ? execsOf(records, pid) : undefined);
};
