// The charts over time: latency, connections per second, and errors in a strip of their own, since they are few and matter.
import { max, median, min, sum } from 'd3-array';
import { area, curveStepAfter } from 'd3-shape';
import { showCount } from '../figures.ts';
import type { Moment, Result } from '../result.ts';
import { type Axis, amountAxis, elapsedAxis, isWide, latencyAxis } from './axis.ts';
import { absence, type Drawn, figure, type Key } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { classOf, curve, lookOf, type Point, plot } from './plot.ts';
import { showAmount, showTime } from './unit.ts';

const mostMoments = 400;

const joined = (moments: readonly Moment[]): Moment => {
  const latencies = moments.flatMap(({ latency }) => latency ?? []);
  return {
    at: moments[0]?.at ?? 0,
    seconds: sum(moments, ({ seconds }) => seconds),
    connections: sum(moments, ({ connections }) => connections),
    errors: sum(moments, ({ errors }) => errors),
    latency:
      latencies.length === 0
        ? undefined
        : {
            p50: median(latencies, ({ p50 }) => p50) ?? 0,
            p99: max(latencies, ({ p99 }) => p99) ?? 0,
            most: max(latencies, ({ most }) => most) ?? 0,
          },
  };
};

/** No more moments than a screen has room for. Neighbours are joined; their worst latencies stay. */
const thinned = (
  moments: readonly Moment[],
): { readonly moments: readonly Moment[]; readonly each: number } => {
  const each = Math.max(1, Math.ceil(moments.length / mostMoments));
  if (each === 1) return { moments, each };
  const groups: Moment[] = [];
  for (let from = 0; from < moments.length; from += each)
    groups.push(joined(moments.slice(from, from + each)));
  return { moments: groups, each };
};

export type Run = { readonly name: string; readonly result: Result };

const middleOf = ({ at, seconds }: Moment): number => at + seconds / 2;
const endOf = (moments: readonly Moment[]): number => max(moments, ({ at, seconds }) => at + seconds) ?? 0;
const perSecond = (amount: number, { seconds }: Moment): number => (seconds > 0 ? amount / seconds : 0);

const elapsed = 'Time since the start of the measured part';

const noteOf = (each: number, count: number): string => {
  if (count === 1) return ' The run has only one moment.';
  return each === 1
    ? ''
    : ` Each point joins ${each} moments: median of p50, highest p99 and max, mean rate.`;
};

/** One run: p50, p99 and max. Several: p99 of each. */
export const drawLatencyOverTime = (runs: readonly Run[]): Markup => {
  const isSingle = runs.length === 1;
  const title = isSingle ? 'Latency over time' : 'Latency over time, p99';
  const thin = runs.map(({ name, result }) => ({ name, ...thinned(result.timeline) }));
  const kinds = isSingle ? (['most', 'p99', 'p50'] as const) : (['p99'] as const);
  const series = thin.flatMap(({ name, moments }, run) =>
    kinds.map((kind, index) => ({
      name: isSingle ? (kind === 'most' ? 'max' : kind) : name,
      look: isSingle ? ({ colour: [4, 2, 1][index] ?? 1, stroke: 'solid' } as const) : lookOf(run),
      points: moments.map((moment): Point => [middleOf(moment), moment.latency?.[kind]]),
    })),
  );
  const values = series.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  if (values.length === 0) return absence(title, 'In no moment of this run did a client get a first byte.');
  const end = max(thin, ({ moments }) => endOf(moments)) ?? 0;
  const each = max(thin, (one) => one.each) ?? 0;
  const count = max(thin, ({ moments }) => moments.length) ?? 0;
  const summary = series.map(({ name, points }) => {
    const known = points.flatMap(([, value]) => value ?? []);
    return `${name}: ${showTime(min(known) ?? 0)} to ${showTime(max(known) ?? 0)}.`;
  });
  const draw: Drawn['draw'] = (width) =>
    plot(
      { title, description: summary.join(' '), width, height: width > 600 ? 280 : 250 },
      {
        x: (range) => elapsedAxis(end, elapsed, range),
        y: (range) => latencyAxis(values, 'Latency to the first byte, corrected', range, isWide(values)),
      },
      (x, y) => series.map(({ points, look }) => curve(points, x, y, look)),
    );
  const note = `To the first byte, corrected; a gap where nobody got one.${noteOf(each, count)}`;
  return figure({ title, note, keys: series, draw });
};

/** Each moment as wide as it is long: steps, which promise nothing between two of them. */
const steps = (moments: readonly Moment[]): readonly (readonly [number, number])[] => {
  const last = moments.at(-1);
  const points = moments.map((moment): readonly [number, number] => [
    moment.at,
    perSecond(moment.connections, moment),
  ]);
  return last === undefined
    ? points
    : [...points, [last.at + last.seconds, perSecond(last.connections, last)]];
};

const stepped = (moments: readonly Moment[], x: Axis, y: Axis, kind: string, isFilled: boolean): Markup => {
  const shape = area<readonly [number, number]>()
    .x(([at]) => x.place(at))
    .y0(y.place(0))
    .y1(([, value]) => y.place(value))
    .curve(curveStepAfter)
    .digits(1);
  const points = steps(moments);
  return fragment(
    isFilled ? element('path', { class: `area-fill ${kind}`, d: shape(points) ?? '' }) : undefined,
    element('path', { class: `line ${kind}`, d: shape.lineY1()(points) ?? '' }),
  );
};

export const drawRateOverTime = (runs: readonly Run[]): Markup => {
  const title = 'Rate over time';
  const thin = runs.map(({ name, result }) => ({ name, ...thinned(result.timeline) }));
  const most =
    max(thin.flatMap(({ moments }) => moments.map((moment) => perSecond(moment.connections, moment)))) ?? 0;
  if (most === 0) return absence(title, 'No connection went well in any moment of this run.');
  const end = max(thin, ({ moments }) => endOf(moments)) ?? 0;
  const keys: readonly Key[] = runs.map(({ name }, index) => ({ name, look: lookOf(index) }));
  const summary = runs.map(({ name, result }) => `${name}: ${showAmount(result.rate)} per second.`);
  const draw: Drawn['draw'] = (width) =>
    plot(
      { title, description: summary.join(' '), width, height: width > 600 ? 240 : 220 },
      {
        x: (range) => elapsedAxis(end, elapsed, range),
        y: (range) => amountAxis(most, 'Connections that went well (per second)', range),
      },
      (x, y) =>
        thin.map(({ moments }, index) => stepped(moments, x, y, classOf(lookOf(index)), runs.length === 1)),
    );
  const count = max(thin, ({ moments }) => moments.length) ?? 0;
  const each = max(thin, (one) => one.each) ?? 0;
  const note = noteOf(each, count).trim();
  return figure({ title, note: note === '' ? undefined : note, keys: runs.length === 1 ? [] : keys, draw });
};

/** Nothing where there was no error; else a bar for each moment that had one, never too low to be seen. */
export const drawErrorsOverTime = ({ name, result }: Run, title: string): Markup | undefined => {
  const { moments } = thinned(result.timeline);
  const rates = moments.map((moment) => perSecond(moment.errors, moment));
  const most = max(rates) ?? 0;
  if (most === 0) return undefined;
  const total = sum(moments, ({ errors }) => errors);
  const affected = result.timeline.filter(({ errors }) => errors > 0).length;
  const description = `${name}: ${showCount(total)} errors in ${showCount(affected)} of ${showCount(result.timeline.length)} moments.`;
  const draw: Drawn['draw'] = (width) =>
    plot(
      { title, description, width, height: 160 },
      {
        x: (range) => elapsedAxis(endOf(moments), elapsed, range),
        y: (range) => amountAxis(most, 'Errors (per second)', range),
      },
      (x, y, foot) =>
        moments.flatMap((moment, index) => {
          if (moment.errors === 0) return [];
          const from = x.place(moment.at);
          const full = Math.max(1.5, x.place(moment.at + moment.seconds) - from);
          const height = Math.max(3, foot - y.place(rates[index] ?? 0));
          const shape = { x: from, y: foot - height, width: full > 4 ? full - 1 : full, height };
          return [element('rect', { class: 'error-bar', ...shape })];
        }),
    );
  return figure({ title, note: description.slice(name.length + 2), keys: [], draw });
};
