// The chart of a latency by percentile: how bad it gets for the one in ten, in a hundred, in ten thousand.
import { max } from 'd3-array';
import type { Distribution, Microseconds, Result } from '../result.ts';
import { latencyAxis, percentileAxis } from './axis.ts';
import { textWidth } from './label.ts';
import { absence, type Drawn, figure } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { classOf, curve, type Look, type Point, plot } from './plot.ts';
import { showTime } from './unit.ts';

export type Curve = { readonly name: string; readonly look: Look; readonly distribution: Distribution };

/** The curve with both of its ends, which the percentiles in between may have left out. */
const pointsOf = ({ least, most, curve: inner }: Distribution): readonly Point[] => [
  [0, least],
  ...inner.filter(([percentile]) => percentile > 0 && percentile < 100),
  [100, most],
];

/** The percentiles that people speak of, as numbers beside the first curve. */
const marks = (
  { distribution, look }: Curve,
  place: (percentile: number, value: Microseconds) => readonly [number, number],
  end: number,
  foot: number,
): Markup => {
  const wanted: readonly (readonly [number, number])[] = [
    [50, distribution.p50],
    [90, distribution.p90],
    [99, distribution.p99],
    [99.9, distribution.p99_9],
  ];
  const isMeant = ([percentile]: readonly [number, number]): boolean =>
    distribution.count * (1 - percentile / 100) >= 1;
  let taken = 0;
  const drawn = wanted.filter(isMeant).flatMap(([percentile, value]) => {
    const [x, y] = place(percentile, value);
    const text = showTime(value);
    const half = textWidth(text) / 2;
    const middle = Math.min(x + 6, end - half);
    const hasRoom = middle - half > taken;
    if (hasRoom) taken = middle + half;
    return [
      element('circle', { class: `mark-dot ${classOf(look)}`, cx: x, cy: y, r: 3.2 }),
      hasRoom
        ? element(
            'text',
            { class: 'mark', x: middle, y: y + (y < foot - 30 ? 20 : -12), 'text-anchor': 'middle' },
            text,
          )
        : undefined,
    ];
  });
  return fragment(...drawn);
};

type Wording = {
  readonly title: string;
  readonly of: string;
  readonly note?: string;
  readonly hasMarks: boolean;
};

/** Draws what has connections; says so when nothing has. */
export const drawDistribution = (curves: readonly Curve[], wording: Wording): Markup => {
  const drawn = curves.filter(({ distribution }) => distribution.count > 0);
  const [first] = drawn;
  if (first === undefined) {
    return absence(wording.title, 'No connection went well in this run, so there is no latency to draw.');
  }
  const values = drawn.flatMap(({ distribution }) =>
    pointsOf(distribution).flatMap(([, value]) => value ?? []),
  );
  const count = max(drawn, ({ distribution }) => distribution.count) ?? 0;
  const summary = drawn.map(
    ({ name, distribution: { p50, p99, most } }) =>
      `${name}: p50 ${showTime(p50)}, p99 ${showTime(p99)}, max ${showTime(most)}.`,
  );
  const draw: Drawn['draw'] = (width) =>
    plot(
      { title: wording.title, description: summary.join(' '), width, height: width > 600 ? 400 : 320 },
      {
        x: (range) => percentileAxis(count, 'Percentile of connections', range),
        y: (range) => latencyAxis(values, wording.of, range),
      },
      (x, y, foot) => [
        ...drawn.map(({ look, distribution }) => curve(pointsOf(distribution), x, y, look)).reverse(),
        wording.hasMarks
          ? marks(first, (percentile, value) => [x.place(percentile), y.place(value)], width, foot)
          : fragment(),
      ],
    );
  const zeros = values.includes(0) ? ' Zeros are drawn at the foot of the axis.' : '';
  const empty = curves.filter(({ distribution }) => distribution.count === 0).map(({ name }) => name);
  const missing = empty.length === 0 ? '' : ` Without a connection that went well: ${empty.join(', ')}.`;
  const note = `${wording.note ?? ''} The right end is the highest of all.${zeros}${missing}`.trim();
  return figure({ title: wording.title, note, keys: drawn, draw });
};

const isAlike = (one: Distribution, other: Distribution): boolean =>
  one.count === other.count &&
  (['p50', 'p90', 'p99', 'p99_9', 'most'] as const).every(
    (key) => Math.abs(one[key] - other[key]) <= 0.02 * Math.max(one[key], other[key]),
  );

/** One run: to the first byte in both tellings, and the other phases where they tell something else. */
export const drawRunDistribution = ({ latency }: Result): Markup => {
  const { corrected, uncorrected } = latency.firstByte;
  const isSame = isAlike(corrected, uncorrected);
  const curves: Curve[] = [
    {
      name: isSame ? 'first byte, corrected and uncorrected' : 'first byte, corrected',
      look: { colour: 1, stroke: 'solid' },
      distribution: corrected,
    },
  ];
  if (!isSame) {
    const look: Look = { colour: 1, stroke: 'dashed' };
    curves.push({ name: 'first byte, uncorrected', look, distribution: uncorrected });
  }
  const others = [
    ['connect', latency.connect.corrected, 3],
    ['last byte', latency.lastByte.corrected, 2],
    ['close', latency.close.corrected, 4],
  ] as const;
  for (const [name, distribution, colour] of others) {
    if (curves.some((drawn) => isAlike(drawn.distribution, distribution))) continue;
    curves.push({ name, look: { colour, stroke: 'solid' }, distribution });
  }
  const note = isSame
    ? 'Corrected and uncorrected latencies hardly differ here.'
    : 'Corrected: what a slow server kept the clients from asking is counted too.';
  return drawDistribution(curves, { title: 'Latency by percentile', of: 'Latency', note, hasMarks: true });
};
