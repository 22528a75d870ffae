// Metrics as text, by the library that everybody uses for it; only loaded when somebody reads them.
import { setImmediate } from 'node:timers/promises';
import { Gauge, type OpenMetricsContentType, type PrometheusContentType, Registry } from 'prom-client';
import type { Format } from './accept.ts';
import type { Metric, Sample } from './metric.ts';

/** A metric and where its numbers come from, in pieces: so many are written before others have their turn. */
export type Block = {
  readonly metric: Omit<Metric<never>, 'samples'>;
  readonly pieces: readonly (() => readonly Sample[])[];
};

/** Each source's numbers, several sources in one piece. */
export const blockOf = <Source>(metric: Metric<Source>, sources: readonly Source[], size = 64): Block => ({
  metric,
  pieces: Array.from(
    { length: Math.ceil(sources.length / size) },
    (_, index) => () => sources.slice(index * size, (index + 1) * size).flatMap(metric.samples),
  ),
});

export type Rendered = { readonly type: string; readonly text: string };

type Writer = (metric: Block['metric'], samples: readonly Sample[]) => Promise<string>;

/** A registry keeps numbers of its own, which ours are not: it is given them when it asks, and writes them. */
const openWriter = (registry: Registry<PrometheusContentType> | Registry<OpenMetricsContentType>): Writer => {
  const isOpenMetrics = registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  const current = new Map<string, readonly Sample[]>();
  const known = new Set<string>();
  const register = ({ name, help, type, labelNames }: Block['metric']): void => {
    known.add(name);
    // it puts _total behind the name of a counter by itself there, where the name of all its series does not have it
    const written = isOpenMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    Object.assign(gauge, {
      get: async () => ({ name: written, help, type, values: current.get(name) ?? [] }),
    });
  };
  return async (metric, samples) => {
    if (!known.has(metric.name)) register(metric);
    current.set(metric.name, samples);
    const text = await registry.getSingleMetricAsString(metric.name);
    current.delete(metric.name);
    return text;
  };
};

/** Behind the two lines that say what it is. */
const seriesOf = (text: string): string => text.split('\n').slice(2).join('\n');

const openMetrics = new Registry<OpenMetricsContentType>();
openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
const registries = { prometheus: new Registry<PrometheusContentType>(), openmetrics: openMetrics } as const;
const writers = {
  prometheus: openWriter(registries.prometheus),
  openmetrics: openWriter(registries.openmetrics),
} as const satisfies Record<Format, Writer>;

export const render = async (format: Format, blocks: readonly Block[]): Promise<Rendered> => {
  const write = writers[format];
  const parts: string[] = [];
  for (const { metric, pieces } of blocks) {
    const texts = [await write(metric, pieces[0]?.() ?? [])];
    for (const piece of pieces.slice(1)) {
      await setImmediate();
      texts.push(seriesOf(await write(metric, piece())));
    }
    parts.push(...texts.filter((text) => text !== ''));
  }
  const end = format === 'openmetrics' ? '# EOF\n' : '';
  return { type: registries[format].contentType, text: `${parts.join('\n')}\n${end}` };
};
