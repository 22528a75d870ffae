// Takes the samples of a run, one connection each, and knows at any time what they add up to.
import type { LoadSample } from '../native/load.ts';
import { createDistribution, type Gathering } from './histogram.ts';
import {
  type ClientPhase,
  clientPhases,
  type ErrorKind,
  errorKinds,
  type Latency,
  type Microseconds,
  type Moment,
  noErrors,
} from './result.ts';

/** The moment at which each phase ends. */
const endOf = { connect: 'connected', firstByte: 'firstByte', lastByte: 'lastByte', close: 'ended' } as const;

export type Standing = {
  readonly completed: number;
  readonly failed: number;
  /** Connections per second. */
  readonly rate: number;
  readonly p50: Microseconds | undefined;
  readonly p99: Microseconds | undefined;
};

export type Recorder = ReturnType<typeof createRecorder>;

/** Moments and lengths in nanoseconds; `until` is the end of the measured part where it is known before. */
export const createRecorder = (window: {
  readonly loop: 'closed' | 'open';
  readonly from: number;
  readonly until: number;
  readonly slice: number;
}) => {
  const { loop, from, until, slice } = window;
  const gather = () => ({ uncorrected: createDistribution(), corrected: createDistribution() });
  const latencies = {
    connect: gather(),
    firstByte: gather(),
    lastByte: gather(),
    close: gather(),
  };
  const errors: Record<ErrorKind, number> = { ...noErrors };
  let failed = 0;
  let completed = 0;
  let turns = 0;
  let turnTime = 0;

  const sliceLatency = createDistribution();
  const timeline: Moment[] = [];
  let sliceStart = from;
  let sliceConnections = 0;
  let sliceErrors = 0;

  const endSlice = (end: number): void => {
    const latency =
      sliceLatency.count() === 0
        ? undefined
        : {
            p50: sliceLatency.percentile(50),
            p99: sliceLatency.percentile(99),
            most: sliceLatency.percentile(100),
          };
    timeline.push({
      at: (sliceStart - from) / 1e9,
      seconds: (end - sliceStart) / 1e9,
      connections: sliceConnections,
      errors: sliceErrors,
      latency,
    });
    sliceLatency.reset();
    sliceConnections = 0;
    sliceErrors = 0;
    sliceStart = end;
  };

  /**
   * What a client that waits for `value` keeps itself from asking: a question each turn, answered sooner and sooner. The
   * turn is the mean of those before it (HdrHistogram's correction with an expected interval).
   */
  const fillIn = (distribution: Gathering, value: number): void => {
    const turn = turns === 0 ? Number.POSITIVE_INFINITY : turnTime / turns;
    for (let missed = value - turn; missed >= turn; missed -= turn) distribution.record(missed);
  };

  const recordLatencies = (sample: LoadSample): void => {
    for (const phase of clientPhases) {
      const moment = sample[endOf[phase]];
      if (moment === 0) continue;
      const { uncorrected, corrected } = latencies[phase];
      const value = moment - sample.started;
      uncorrected.record(value);
      corrected.record(moment - sample.intended);
      if (loop === 'closed') fillIn(corrected, value);
    }
  };

  const take = (sample: LoadSample): void => {
    const { intended, ended, error, firstByte } = sample;
    const isInWindow = ended >= from && ended < until;
    while (isInWindow && ended >= sliceStart + slice) endSlice(sliceStart + slice);
    const kind = error === 0 ? undefined : (errorKinds[error - 1] ?? 'other');
    if (isInWindow && kind === undefined) {
      completed += 1;
      sliceConnections += 1;
      if (firstByte !== 0) sliceLatency.record(firstByte - intended);
    }
    if (isInWindow && kind !== undefined) sliceErrors += 1;
    if (kind === undefined) {
      if (intended >= from) recordLatencies(sample);
    } else if (ended >= from) {
      // also of what began before: a client that hung through the whole run must not vanish
      errors[kind] += 1;
      failed += 1;
    }
    turns += 1;
    turnTime += ended - sample.started;
  };

  const read = (end: number) => {
    if (end - sliceStart >= slice / 2 || timeline.length === 0) endSlice(Math.max(end, sliceStart));
    const latencyOf = (phase: ClientPhase): Latency => ({
      uncorrected: latencies[phase].uncorrected.read(),
      corrected: latencies[phase].corrected.read(),
    });
    const seconds = Math.max(0, end - from) / 1e9;
    return {
      seconds,
      connections: latencies.close.uncorrected.count(),
      rate: seconds === 0 ? 0 : completed / seconds,
      errors: { ...errors },
      latency: {
        connect: latencyOf('connect'),
        firstByte: latencyOf('firstByte'),
        lastByte: latencyOf('lastByte'),
        close: latencyOf('close'),
      },
      timeline,
    };
  };

  /** Where the measured part stands; rate and latency (to the first byte, corrected) are those of the last moment. */
  const standing = (): Standing => {
    const last = timeline.at(-1);
    return {
      completed,
      failed,
      rate: last === undefined ? 0 : last.connections / last.seconds,
      p50: last?.latency?.p50,
      p99: last?.latency?.p99,
    };
  };

  return { take, read, standing };
};
