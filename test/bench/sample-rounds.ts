// Samples as a test needs them: one a round, with the figure that matters.
import type { Measurement, Sample } from '../../bench/peers/sample.ts';

const percentiles = (p50: number) => ({ p50, p90: p50, p99: p50, 'p99.9': p50, most: p50 });

export const measurement = (figures: {
  readonly firstByte?: number;
  readonly rate?: number;
  readonly connections?: number;
  readonly errors?: Readonly<Record<string, number>>;
}): Measurement => ({
  connections: figures.connections ?? 100,
  rate: figures.rate ?? 0,
  firstByte: percentiles(figures.firstByte ?? 0),
  endOfFile: percentiles(figures.firstByte ?? 0),
  slow: 0,
  late: 0,
  errors: figures.errors ?? {},
});

/** Of the clients scenario. */
export const samplesOf = (
  server: string,
  handler: string,
  clients: number,
  rounds: readonly Measurement[],
): readonly Sample[] =>
  rounds.map((taken, round) => ({
    scenario: 'clients',
    setting: '',
    server,
    handler,
    clients,
    round,
    measurement: taken,
  }));
