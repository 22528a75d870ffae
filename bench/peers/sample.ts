// What one run of the load client found, and the questions that a report asks of many such runs.
import { type Summary, summarize } from './statistics.ts';

/** Microseconds. */
export type Percentiles = {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly 'p99.9': number;
  readonly most: number;
};

export type Measurement = {
  readonly connections: number;
  /** Connections per second. */
  readonly rate: number;
  readonly firstByte: Percentiles;
  readonly endOfFile: Percentiles;
  /** From the connect until a process has become the program that serves; only where that was looked at. */
  readonly exec?: Percentiles;
  /** How many took more than ten times the median until their end. */
  readonly slow: number;
  /** Open loop: how many began later than they were to. */
  readonly late: number;
  /** How many connections went wrong, by kind; they are in no other figure. */
  readonly errors: Readonly<Record<string, number>>;
};

/** One cell of the experiment: what is compared between servers. */
export type Cell = {
  readonly scenario: string;
  readonly handler: string;
  readonly clients: number;
  /** What the scenario varies besides, such as how many listeners there are; empty where it varies nothing. */
  readonly setting: string;
};

export type Sample = Cell & {
  readonly server: string;
  readonly round: number;
  readonly measurement: Measurement;
};

export type Figure =
  | 'exec'
  | 'firstByte'
  | 'firstByte p99'
  | 'endOfFile'
  | 'slowest'
  | 'rate'
  | 'slow'
  | 'failed';

/** A figure of a server in a cell. */
export type Question = Cell & { readonly server: string; readonly figure: Figure };

export const failuresOf = ({ errors }: Measurement): number =>
  Object.values(errors).reduce((sum, count) => sum + count, 0);

const figureOf = (measurement: Measurement, figure: Figure): number => {
  switch (figure) {
    case 'exec':
      return measurement.exec?.p50 ?? Number.NaN;
    case 'firstByte':
      return measurement.firstByte.p50;
    case 'firstByte p99':
      return measurement.firstByte.p99;
    case 'endOfFile':
      return measurement.endOfFile.p50;
    case 'slowest':
      return measurement.endOfFile.most;
    case 'rate':
      return measurement.rate;
    case 'slow':
      return measurement.slow;
    case 'failed':
      return failuresOf(measurement);
  }
};

const belongsTo = (sample: Sample, question: Omit<Question, 'figure'>): boolean =>
  sample.server === question.server &&
  sample.scenario === question.scenario &&
  sample.handler === question.handler &&
  sample.clients === question.clients &&
  sample.setting === question.setting;

// A round in which nothing succeeded has no figures but its failures.
const roundsOf = (samples: readonly Sample[], question: Question): Map<number, number> =>
  new Map(
    samples
      .filter(
        (sample) =>
          belongsTo(sample, question) && (sample.measurement.connections > 0 || question.figure === 'failed'),
      )
      .map((sample): [number, number] => [sample.round, figureOf(sample.measurement, question.figure)])
      .filter(([, figure]) => !Number.isNaN(figure)),
  );

export const summaryOf = (samples: readonly Sample[], question: Question): Summary | undefined =>
  summarize([...roundsOf(samples, question).values()]);

/** The ratio is taken within each round, so that what disturbs the machine for a while disturbs both sides of it. */
export const ratioOf = (
  samples: readonly Sample[],
  question: Question,
  base: Question,
): Summary | undefined => {
  const baseRounds = roundsOf(samples, base);
  const ratios = [...roundsOf(samples, question)].flatMap(([round, figure]) => {
    const baseFigure = baseRounds.get(round);
    return baseFigure === undefined || baseFigure === 0 ? [] : [figure / baseFigure];
  });
  return summarize(ratios);
};

/** All errors of these samples by kind, as "3 reset, 1 timeout"; undefined when there were none. */
export const errorsOf = (samples: readonly Sample[]): string | undefined => {
  const totals = new Map<string, number>();
  for (const { measurement } of samples) {
    for (const [kind, count] of Object.entries(measurement.errors)) {
      if (count > 0) totals.set(kind, (totals.get(kind) ?? 0) + count);
    }
  }
  return totals.size === 0 ? undefined : [...totals].map(([kind, count]) => `${count} ${kind}`).join(', ');
};
