// Results of runs that never were, for tests of what shows them.
import { type Distribution, noErrors, type Result, resultSchema } from '../../src/measure/result.ts';

/** The distribution of these times in microseconds. */
export const distributionOf = (times: readonly number[]): Distribution => {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (percentile: number): number =>
    sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? 0;
  const percentiles = [0, ...Array.from({ length: 99 }, (_, index) => index + 1), 99.5, 99.9, 99.99, 100];
  return {
    count: sorted.length,
    least: at(0),
    mean: sorted.reduce((sum, time) => sum + time, 0) / Math.max(1, sorted.length),
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    most: at(100),
    curve: sorted.length === 0 ? [] : percentiles.map((percentile) => [percentile, at(percentile)]),
  };
};

/** Many small times and few large ones, as latencies are. */
export const skewedTimes = (middle: number, count = 10_000): readonly number[] =>
  Array.from({ length: count }, (_, index) => middle * (0.7 - 0.35 * Math.log(1 - (index + 0.5) / count)));

const same = (times: readonly number[]) => ({
  uncorrected: distributionOf(times),
  corrected: distributionOf(times),
});

export const exampleResult: Result = {
  schema: resultSchema,
  name: '127.0.0.1:8080',
  target: '127.0.0.1:8080',
  startedAt: '2026-11-21T12:00:00.000Z',
  settings: {
    loop: 'closed',
    clients: 32,
    rate: undefined,
    arrivals: undefined,
    seed: undefined,
    duration: 10,
    count: undefined,
    warmUp: 1,
    timeout: 5,
    sends: 0,
    expects: undefined,
    endsAt: 'end of file',
    closes: 'orderly',
    sources: undefined,
  },
  surroundings: {
    processors: 2,
    model: 'Some Processor',
    memoryMebibytes: 4096,
    kernel: '6.1.0',
    architecture: 'x86_64',
    acceptd: '0.1.0',
    node: '20.20.2',
  },
  seconds: 10,
  connections: 98_765,
  rate: 9876.5,
  errors: noErrors,
  unfinished: 0,
  unrecorded: 0,
  late: 0,
  isInterrupted: false,
  latency: {
    connect: same(skewedTimes(45)),
    firstByte: same(skewedTimes(2100)),
    lastByte: same(skewedTimes(2110)),
    close: same(skewedTimes(2300)),
  },
  timeline: [],
  clientTimePerConnection: 9.4,
  floor: {
    rate: 78_000,
    firstByte: { p50: 25, p99: 61 },
    clientTimePerConnection: 8.1,
  },
  server: {
    pid: 4711,
    command: 'node dist/src/main.js listen 8080 -- /bin/true',
    userTimePerConnection: 21.2,
    systemTimePerConnection: 140.5,
    peakKibibytes: 51_200,
    peakIs: 'of the run',
  },
  phases: undefined,
};

/** All kinds of error as often as told. */
export const errorsOf = (counts: Partial<Result['errors']>): Result['errors'] => ({ ...noErrors, ...counts });
