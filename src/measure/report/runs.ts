// Several runs side by side: their distributions on one chart, bars, ratios to the first, and in what they differ.

import { showCount } from '../figures.ts';
import type { Distribution, Result } from '../result.ts';
import { type BarGroup, barGrid } from './bars.ts';
import { drawDistribution } from './distribution.ts';
import { errorTotal, settingTexts, surroundingTexts } from './figures.ts';
import { notice, type Row, section, table } from './layout.ts';
import { type Child, element, fragment, type Markup } from './markup.ts';
import { drawPhaseBars } from './phases.ts';
import { lookOf } from './plot.ts';
import { drawErrorsOverTime, drawLatencyOverTime, drawRateOverTime, type Run } from './timeline.ts';
import { showRate, showRatio, showTime } from './unit.ts';

/** Two runs of one name get numbers. */
export const nameRuns = (results: readonly Result[]): readonly Run[] =>
  results.map((result, index) => {
    const isRepeated = results.filter(({ name }) => name === result.name).length > 1;
    const count = results.slice(0, index + 1).filter(({ name }) => name === result.name).length;
    return { name: isRepeated ? `${result.name} (${count})` : result.name, result };
  });

const firstByteOf = ({ result }: Run): Distribution => result.latency.firstByte.corrected;

type Percentile = 'p50' | 'p90' | 'p99' | 'p99_9';

const latencyOf = (run: Run, key: Percentile): number | undefined =>
  firstByteOf(run).count === 0 ? undefined : firstByteOf(run)[key];

const barsOf = (
  runs: readonly Run[],
  title: string,
  unit: string,
  figureOf: (run: Run) => number | undefined,
): BarGroup => {
  const [first] = runs;
  const reference = first === undefined ? undefined : figureOf(first);
  const rows = runs.map((run, index) => {
    const value = figureOf(run);
    const isCompared = value !== undefined && reference !== undefined;
    const ratioText = isCompared
      ? showRatio(value, reference)
      : value === undefined
        ? 'no connection went well'
        : '';
    const part = index === 0 ? ('reference' as const) : undefined;
    return {
      name: run.name,
      value,
      least: undefined,
      most: undefined,
      ratioText,
      part,
      colour: lookOf(index).colour,
    };
  });
  return { title, unit, rows };
};

const withRatio = (value: number | undefined, reference: number | undefined, text: string): Child => {
  if (value === undefined) return '-';
  if (reference === undefined) return text;
  return fragment(text, element('span', { class: 'ratio' }, ` ${showRatio(value, reference)}`));
};

const serverTimeOf = ({ result: { server } }: Run): number | undefined =>
  'unknown' in server ? undefined : server.userTimePerConnection + server.systemTimePerConnection;

const ratioTable = (runs: readonly Run[]): Markup => {
  const columns = ['p50', 'p90', 'p99', 'p99.9', 'rate', 'errors', 'server time'].map((title) => ({ title }));
  const [first] = runs;
  const compared = (
    run: Run,
    figureOf: (of: Run) => number | undefined,
    show: (value: number) => string,
  ): Child => {
    const value = figureOf(run);
    const reference = first === undefined || run === first ? undefined : figureOf(first);
    return withRatio(value, reference, value === undefined ? '' : show(value));
  };
  const rows = runs.map(
    (run): Row => ({
      heading: run.name,
      cells: [
        ...(['p50', 'p90', 'p99', 'p99_9'] as const).map((key) =>
          compared(run, (each) => latencyOf(each, key), showTime),
        ),
        compared(run, ({ result }) => result.rate, showRate),
        showCount(errorTotal(run.result.errors)),
        compared(run, serverTimeOf, showTime),
      ],
    }),
  );
  const caption = `To the first byte, corrected; the factors refer to ${first?.name ?? ''}`;
  return table(caption, 'run', columns, rows);
};

/** Runs that were made differently can be compared all the same, but nobody should overlook it. */
const differences = (runs: readonly Run[]): Markup => {
  const texts = runs.map(({ result }) => [...settingTexts(result), ...surroundingTexts(result)]);
  const rows = (texts[0] ?? []).flatMap(([heading], index): readonly Row[] => {
    const cells = texts.map((each) => each[index]?.[1] ?? '');
    return new Set(cells).size > 1 ? [{ heading, cells }] : [];
  });
  if (rows.length === 0) return fragment();
  const columns = runs.map(({ name }) => ({ title: name, isText: true }));
  return fragment(
    notice('These runs were not made alike; the table shows where they differ.'),
    table('Where the runs differ', 'what', columns, rows),
  );
};

export const drawRuns = (runs: readonly Run[]): Markup => {
  const curves = runs.map((run, index) => ({
    name: run.name,
    look: lookOf(index),
    distribution: firstByteOf(run),
  }));
  const phased = runs.flatMap(({ name, result: { phases } }) =>
    phases === undefined ? [] : [{ name, phases }],
  );
  return section(
    'Comparison',
    drawDistribution(curves, {
      title: 'First byte by percentile',
      of: 'Latency to the first byte, corrected',
      hasMarks: false,
    }),
    barGrid([
      barsOf(runs, 'First byte, p50', 'µs', (run) => latencyOf(run, 'p50')),
      barsOf(runs, 'First byte, p90', 'µs', (run) => latencyOf(run, 'p90')),
      barsOf(runs, 'First byte, p99', 'µs', (run) => latencyOf(run, 'p99')),
      barsOf(runs, 'Rate', 'connections per second', ({ result }) => result.rate),
    ]),
    ratioTable(runs),
    differences(runs),
    drawLatencyOverTime(runs),
    drawRateOverTime(runs),
    ...runs.map((run) => drawErrorsOverTime(run, `Errors over time: ${run.name}`)),
    phased.length === 0 ? undefined : drawPhaseBars(phased),
  );
};
