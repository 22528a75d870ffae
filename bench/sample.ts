// What one run of the load client found, and the questions that a report asks of many such runs.
import { type Summary, summarize } from './statistics.ts';

/** Microseconds. */
export type Percentiles = {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly 'p99.9': number;
};

export type Measurement = {
  readonly connections: number;
  /** Connections per second. */
  readonly rate: number;
  readonly firstByte: Percentiles;
  readonly endOfFile: Percentiles;
  /** How many connections went wrong, by kind; they are in no other figure. */
  readonly errors: Readonly<Record<string, number>>;
};

export type Sample = {
  readonly handler: string;
  readonly server: string;
  readonly clients: number;
  readonly round: number;
  readonly measurement: Measurement;
};

export type Figure = 'firstByte' | 'endOfFile' | 'rate';

/** One cell of the experiment: what is compared between servers. */
export type Scenario = { readonly handler: string; readonly clients: number; readonly figure: Figure };

const figureOf = (measurement: Measurement, figure: Figure): number =>
  figure === 'rate' ? measurement.rate : measurement[figure].p50;

// A round in which nothing succeeded has no figures; its errors are reported.
const roundsOf = (samples: readonly Sample[], scenario: Scenario, server: string): Map<number, number> =>
  new Map(
    samples
      .filter(
        (sample) =>
          sample.server === server &&
          sample.handler === scenario.handler &&
          sample.clients === scenario.clients &&
          sample.measurement.connections > 0,
      )
      .map((sample) => [sample.round, figureOf(sample.measurement, scenario.figure)]),
  );

export const summaryOf = (
  samples: readonly Sample[],
  scenario: Scenario,
  server: string,
): Summary | undefined => summarize([...roundsOf(samples, scenario, server).values()]);

/** The ratio is taken within each round, so that what disturbs the machine for a while disturbs both sides of it. */
export const ratioOf = (
  samples: readonly Sample[],
  scenario: Scenario,
  server: string,
  base: string,
): Summary | undefined => {
  const baseRounds = roundsOf(samples, scenario, base);
  const ratios = [...roundsOf(samples, scenario, server)].flatMap(([round, figure]) => {
    const baseFigure = baseRounds.get(round);
    return baseFigure === undefined || baseFigure === 0 ? [] : [figure / baseFigure];
  });
  return summarize(ratios);
};

/** All errors of a server by kind, as "3 reset, 1 timeout"; undefined when there were none. */
export const errorsOf = (
  samples: readonly Sample[],
  server: string,
  handler?: string,
): string | undefined => {
  const totals = new Map<string, number>();
  for (const sample of samples) {
    if (sample.server !== server || (handler !== undefined && sample.handler !== handler)) continue;
    for (const [kind, count] of Object.entries(sample.measurement.errors)) {
      if (count > 0) totals.set(kind, (totals.get(kind) ?? 0) + count);
    }
  }
  return totals.size === 0 ? undefined : [...totals].map(([kind, count]) => `${count} ${kind}`).join(', ');
};
