// A figure against something that grows: whether latency or memory rises with listeners, instances, rules.
import { max } from 'd3-array';
import { amountAxis, isWide, latencyAxis, linearAxis, logarithmicAxis } from './axis.ts';
import { absence, type Drawn, figure } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { curve, lookOf, plot } from './plot.ts';
import { showAmount, showRound } from './unit.ts';

export type Growth = {
  readonly title: string;
  readonly section?: string | undefined;
  readonly note?: string | undefined;
  /** What grows, such as `listeners`. The axis is logarithmic where it spans more than a decade. */
  readonly of: string;
  /** What is measured, and its unit: `µs` for times in microseconds. */
  readonly measured: string;
  readonly unit: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
};

export const drawGrowth = (growth: Growth): Markup => {
  const points = growth.series.flatMap((series) => series.points);
  if (points.length === 0) return absence(growth.title, 'Nothing was measured here.');
  const [sizes, values] = [points.map(([size]) => size), points.map(([, value]) => value)];
  const keys = growth.series.map(({ name }, index) => ({ name, look: lookOf(index) }));
  const description = growth.series.map(
    (series) =>
      `${series.name}: ${series.points.map(([size, value]) => `${showAmount(value)} at ${showAmount(size)}`).join(', ')}.`,
  );
  const draw: Drawn['draw'] = (width) =>
    plot(
      { title: growth.title, description: description.join(' '), width, height: width > 600 ? 300 : 260 },
      {
        x: (range) =>
          isWide(sizes)
            ? logarithmicAxis(sizes, `${growth.of} (logarithmic)`, range, showRound)
            : linearAxis(max(sizes) ?? 0, growth.of, range, showRound),
        y: (range) =>
          growth.unit === 'µs'
            ? latencyAxis(values, growth.measured, range)
            : amountAxis(max(values) ?? 0, `${growth.measured} (${growth.unit})`, range),
      },
      (x, y) =>
        growth.series.map((series, index) =>
          fragment(
            curve(series.points, x, y, lookOf(index)),
            ...series.points.map(([size, value]) =>
              element('circle', {
                class: `dot s${lookOf(index).colour}`,
                cx: x.place(size),
                cy: y.place(value),
                r: 3,
              }),
            ),
          ),
        ),
    );
  return figure({ title: growth.title, note: growth.note, keys, draw });
};
