// Made-up results that look like real ones: latencies with a long tail, moments with stalls, phases of a handler.
import {
  type ClientPhase,
  type Distribution,
  type Errors,
  type Latency,
  type Microseconds,
  type Moment,
  noErrors,
  type Phase,
  type Phases,
  type Result,
  resultSchema,
} from '../../src/measure/result.ts';

/** The same numbers between 0 and 1 each time (mulberry32's constants). */
const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const percentiles = [
  0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 77.5, 80, 82.5, 85, 87.5, 88.75, 90, 91.25,
  92.5, 93.75, 95, 96, 97, 97.5, 98, 98.5, 98.75, 99, 99.2, 99.4, 99.5, 99.6, 99.7, 99.8, 99.85, 99.9, 99.93,
  99.95, 99.97, 99.98, 99.99, 99.995, 99.999, 100,
];

export const distributionOf = (values: readonly number[]): Distribution => {
  const sorted = [...values].sort((one, other) => one - other);
  const count = sorted.length;
  const at = (percentile: number): number =>
    sorted[Math.max(0, Math.ceil((percentile / 100) * count) - 1)] ?? 0;
  return {
    count,
    least: at(0),
    mean: count === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / count,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    most: at(100),
    curve: count === 0 ? [] : percentiles.map((percentile): [number, number] => [percentile, at(percentile)]),
  };
};

export type Shape = {
  readonly seed?: number;
  readonly count?: number;
  readonly median?: Microseconds;
  /** Standard deviation of the logarithm. */
  readonly spread?: number;
  /** Share of the connections that meet a stall, and how long it is at most. */
  readonly stalls?: number;
  readonly stall?: Microseconds;
};

export const sampleValues = (shape: Shape): readonly number[] => {
  const { seed = 1, count = 50_000, median = 420, spread = 0.22, stalls = 0.002, stall = 25_000 } = shape;
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const value = median * Math.exp(spread * normal(random));
    return random() < stalls ? value + stall * random() ** 2 : value;
  });
};

export const sampleDistribution = (shape: Shape): Distribution => distributionOf(sampleValues(shape));

const emptyLatency: Latency = { uncorrected: distributionOf([]), corrected: distributionOf([]) };
export const noLatency: Readonly<Record<ClientPhase, Latency>> = {
  connect: emptyLatency,
  firstByte: emptyLatency,
  lastByte: emptyLatency,
  close: emptyLatency,
};

export const errorsOf = (some: Partial<Errors>): Errors => ({ ...noErrors, ...some });

/** `count` slices of a second; every `stallEach`-th is slow and poor. */
export const sampleTimeline = (
  count: number,
  median: Microseconds,
  rate: number,
  stallEach = 13,
): Moment[] => {
  const random = createRandom(count + median);
  return Array.from({ length: count }, (_, at) => {
    const isStalled = at % stallEach === stallEach - 1;
    const p50 = median * (0.96 + 0.08 * random());
    const p99 = p50 * (isStalled ? 12 : 1.8 + 0.3 * random());
    const connections = Math.round(rate * (isStalled ? 0.72 : 0.97 + 0.06 * random()));
    return {
      at,
      seconds: 1,
      connections,
      errors: 0,
      latency: { p50, p99, most: p99 * (1.5 + 4 * random()) },
    };
  });
};

const phaseOf = (name: string, from: string, to: string, shape: Shape): Phase => ({
  name,
  from,
  to,
  distribution: sampleDistribution({ count: 5_000, stall: 3_000, ...shape }),
});

export const samplePhases = (scale = 1): Phases => ({
  sequence: [
    phaseOf('accept queue', 'the handshake has ended', 'accept4 returns', {
      seed: 11,
      median: 62 * scale,
      spread: 0.6,
    }),
    phaseOf('admission', 'accept4 returns', 'clone is called', { seed: 12, median: 14 * scale, spread: 0.3 }),
    phaseOf('clone', 'clone is called', 'the child runs', { seed: 13, median: 38 * scale }),
    phaseOf('exec', 'the child runs', 'the program is in place', { seed: 14, median: 131 * scale }),
    phaseOf('start of the handler', 'the program is in place', 'the first byte is sent', {
      seed: 15,
      median: 165,
    }),
    phaseOf('rest of the handler', 'the first byte is sent', 'the process has ended', {
      seed: 16,
      median: 58,
    }),
    phaseOf('reap', 'the process has ended', 'its slot is free', {
      seed: 17,
      median: 21 * scale,
      spread: 0.5,
    }),
  ],
  overlapping: [
    phaseOf('descriptors', 'the child leaves the table', 'the parent closes its copy', {
      seed: 18,
      median: 44,
    }),
  ],
  unknown: ['dynamic linking: no stamp lies between exec and the first byte'],
  traced: 4_913,
});

export const sampleLatency = (shape: Shape): Readonly<Record<ClientPhase, Latency>> => {
  const median = shape.median ?? 420;
  const both = (factor: number): Latency => ({
    uncorrected: sampleDistribution({ ...shape, median: median * factor }),
    corrected: sampleDistribution({
      ...shape,
      median: median * factor,
      stalls: 4 * (shape.stalls ?? 0.002),
    }),
  });
  return { connect: both(0.14), firstByte: both(1), lastByte: both(1.004), close: both(1.45) };
};

/** A run of 30 seconds against a handler; any part can be replaced. */
export const sampleResult = (overrides: Partial<Result> = {}, shape: Shape = {}): Result => {
  const median = shape.median ?? 420;
  const rate = 3_640_000 / (median * 2);
  return {
    schema: resultSchema,
    name: 'acceptd, static handler',
    target: '127.0.0.1:7007',
    startedAt: '2026-11-21T09:30:00.000Z',
    settings: {
      loop: 'closed',
      clients: 8,
      rate: undefined,
      arrivals: undefined,
      seed: undefined,
      duration: 30,
      count: undefined,
      warmUp: 2,
      timeout: 10,
      sends: 0,
      expects: undefined,
      endsAt: 'end of file',
      closes: 'reset',
      sources: undefined,
    },
    surroundings: {
      processors: 2,
      model: 'Some Processor at 2.50 GHz',
      memoryMebibytes: 7_940,
      kernel: 'Linux 6.1.0',
      architecture: 'x64',
      acceptd: '0.1.0',
      node: '20.19.4',
    },
    seconds: 30,
    connections: Math.round(rate * 30),
    rate,
    errors: noErrors,
    unfinished: 0,
    unrecorded: 0,
    late: 0,
    isInterrupted: false,
    latency: sampleLatency(shape),
    timeline: sampleTimeline(30, median, rate),
    clientTimePerConnection: 14.2,
    floor: { rate: 41_200, firstByte: { p50: 38.1, p99: 71.4 }, clientTimePerConnection: 12.9 },
    server: {
      pid: 4_211,
      command: 'node dist/src/main.js run -f bench.conf',
      userTimePerConnection: 61.2,
      systemTimePerConnection: 233.7,
      peakKibibytes: 51_404,
      peakIs: 'of the run',
    },
    phases: samplePhases(),
    ...overrides,
  };
};

/** Every connection failed. */
export const failedResult = (overrides: Partial<Result> = {}): Result =>
  sampleResult({
    name: 'nobody answers',
    connections: 0,
    rate: 0,
    errors: errorsOf({ refused: 21_330, timeout: 4 }),
    latency: noLatency,
    timeline: Array.from({ length: 5 }, (_, at) => ({
      at,
      seconds: 1,
      connections: 0,
      errors: 4_266,
      latency: undefined,
    })),
    phases: undefined,
    floor: undefined,
    server: { unknown: 'no process id was given' },
    ...overrides,
  });

/** Runs of several servers, one after the other. */
export const sampleRuns = (count: number): readonly Result[] =>
  Array.from({ length: count }, (_, index) =>
    sampleResult(
      {
        name:
          index === 6
            ? 'a server with such a long name that no chart has room for it, <&"> included'
            : `server ${index + 1}`,
        errors: index === 3 ? errorsOf({ reset: 17, 'wrong answer': 2 }) : noErrors,
        phases: index < 3 ? samplePhases(1 + index / 3) : undefined,
        timeline: sampleTimeline(30, 420 * (1 + index / 4), 4_300 / (1 + index / 4), 13 + index).map(
          (moment) => (index === 3 && moment.at === 11 ? { ...moment, errors: 19 } : moment),
        ),
      },
      { seed: index + 1, count: 20_000, median: 420 * (1 + index / 4), stall: 9_000 * (index + 1) },
    ),
  );
