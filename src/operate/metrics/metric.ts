// A metric as it is described, and the numbers that it has when somebody reads it.

/** `name` where a part of a histogram or summary has another than the metric's. */
export type Sample = {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
};

/** `Source` is where its numbers come from: a service, the server, the process. */
export type Metric<Source> = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** Besides those that its type gives it. */
  readonly labelNames: readonly string[];
  readonly samples: (source: Source) => readonly Sample[];
};

/** One that has a single number. */
export const single = <Source>(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (source: Source) => number,
): Metric<Source> => ({
  name,
  help,
  type,
  labelNames: [],
  samples: (source) => [{ labels: {}, value: value(source) }],
});
