// One run of acceptd's own clients against one server: the only place here that asks the measuring tool.
import { measure } from '../../src/measure/measure.ts';
import type { Distribution, Result } from '../../src/measure/result.ts';
import type { Measurement, Percentiles } from './sample.ts';

/** Milliseconds where it is a length of time. */
export type Load = {
  /** How the run is called in charts. */
  readonly name: string;
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

const firstSource = { number: 0x7f020001, text: '127.2.0.1' };

const percentilesOf = ({ p50, p90, p99, p99_9, most }: Distribution): Percentiles => ({
  p50,
  p90,
  p99,
  'p99.9': p99_9,
  most,
});

/** How many took more than ten times the median, as far as the curve tells. */
export const countSlow = ({ curve, count, p50 }: Distribution): number => {
  const within = curve.findLast(([, value]) => value <= 10 * p50)?.[0] ?? 100;
  return Math.round((count * (100 - within)) / 100);
};

/** In an open loop a connection's time counts from when it was to begin, in a closed one from when it did. */
export const measurementOf = (result: Result): Measurement => {
  const count = result.settings.loop === 'open' ? 'corrected' : 'uncorrected';
  const { firstByte, lastByte } = result.latency;
  return {
    connections: result.connections,
    rate: result.rate,
    firstByte: percentilesOf(firstByte[count]),
    endOfFile: percentilesOf(lastByte[count]),
    slow: countSlow(lastByte[count]),
    late: result.late,
    errors: { ...result.errors, unfinished: result.unfinished },
  };
};

/** Throws SystemError when the clients cannot be started. */
export const measureLoad = async (load: Load): Promise<Measurement> => {
  const { name, port, sources } = load;
  const measuring = measure(
    {
      name,
      target: `127.0.0.1:${port}`,
      address: { kind: 'tcp', version: 4, host: '127.0.0.1', port },
      clients: load.clients,
      rate: load.rate,
      arrivals: 'even',
      seed: 1,
      duration: load.duration === undefined ? undefined : load.duration / 1000,
      count: load.count,
      warmUp: load.warmUp / 1000,
      timeout: load.timeout / 1000,
      sends: new Uint8Array(),
      expects: Buffer.from(load.answer),
      endsAt: 'end of file',
      shutsDown: load.shutsDown ?? false,
      resets: true,
      sources:
        sources === undefined
          ? undefined
          : { first: firstSource.number, count: sources, text: `${sources} from ${firstSource.text} on` },
      pid: undefined,
    },
    { hasFloor: false },
  );
  if ('mistake' in measuring) throw new Error(measuring.mistake);
  return measurementOf(await measuring.result);
};
