// Horizontal bars for things of one kind: a name, a bar with the spread of its rounds, the figure and its ratio.
import { max } from 'd3-array';
import { type Axis, linearAxis, logarithmicAxis } from './axis.ts';
import { shorten, textWidth } from './label.ts';
import { element, fragment, type Markup } from './markup.ts';
import { centredText, picture } from './plot.ts';
import { showAmount, showRound, showTickTime, showTime, timeUnitOf } from './unit.ts';

/** One bar. `subject` is what the page is about, `reference` what the ratios refer to. */
export type BarRow = {
  readonly name: string;
  /** Undefined: not measured; `ratioText` may then say why. */
  readonly value: number | undefined;
  /** The range of the rounds. */
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly ratioText: string;
  readonly part?: 'subject' | 'reference' | undefined;
  /** 1 to 8, where the same thing has a colour in another chart; else by `part`. */
  readonly colour?: number | undefined;
};

export type BarGroup = {
  readonly title: string;
  /** `µs`: the values are microseconds and are shown in the unit that suits them. Any other is shown as it is. */
  readonly unit: string;
  /** Dots instead of bars: the length of a bar means nothing without a zero. */
  readonly isLogarithmic?: boolean | undefined;
  readonly note?: string | undefined;
  readonly rows: readonly BarRow[];
};

const width = 440;
const top = 8;
const rowHeight = 22;
const gap = 10;

const isKnown = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

const axisOf = ({ unit, isLogarithmic, rows }: BarGroup, range: readonly [number, number]): Axis => {
  const values = rows.flatMap(({ value, least, most }) => [value, least, most].filter(isKnown));
  const highest = max(values) ?? 0;
  const isTime = unit === 'µs';
  if (isLogarithmic === true && highest > 0) {
    const axis = logarithmicAxis(values, '', range, isTime ? showTickTime : showRound);
    return { ...axis, title: isTime ? 'logarithmic' : `${unit}, logarithmic` };
  }
  const scaled = isTime ? timeUnitOf(highest) : { name: unit, factor: 1 };
  const axis = linearAxis(highest / scaled.factor, scaled.name, range, showRound, 'tight');
  return { ...axis, place: (value) => axis.place(value / scaled.factor) };
};

const kindOf = ({ part, colour }: BarRow): string => {
  if (colour !== undefined) return `s${colour}`;
  return part === 'subject' ? 's2' : part === 'reference' ? 's8' : 's1';
};

const drawBar = (row: BarRow, value: number, axis: Axis, start: number, middle: number): Markup => {
  const kind = kindOf(row);
  const end = axis.place(value);
  const bar = axis.isLogarithmic
    ? element('circle', { class: `dot ${kind}`, cx: end, cy: middle, r: 4.5 })
    : element('rect', {
        class: `bar ${kind}`,
        x: start,
        y: middle - 6,
        width: Math.max(1, end - start),
        height: 12,
      });
  if (!isKnown(row.least) || !isKnown(row.most) || row.least === row.most) return bar;
  const [from, to] = [axis.place(row.least), axis.place(row.most)];
  const cap = (x: number): Markup =>
    element('line', { class: 'whisker', x1: x, x2: x, y1: middle - 4, y2: middle + 4 });
  const stem = element('line', { class: 'whisker', x1: from, x2: to, y1: middle, y2: middle });
  const halo = element('line', { class: 'halo', x1: from - 2, x2: to + 2, y1: middle, y2: middle });
  const whisker = fragment(halo, stem, cap(from), cap(to));
  return axis.isLogarithmic ? fragment(whisker, bar) : fragment(bar, whisker);
};

const name = (row: BarRow, room: number, y: number): Markup => {
  const shown = shorten(row.name, room);
  const full = shown === row.name ? undefined : element('title', {}, row.name);
  const kind = row.part === 'subject' ? 'strong' : undefined;
  return element('text', { class: kind, x: 0, y }, full, shown);
};

/** Needs at least one row with a value. */
export const drawBars = (group: BarGroup): Markup => {
  const { rows, unit } = group;
  const show = (value: number): string => (unit === 'µs' ? showTime(value) : showAmount(value));
  const valueTexts = rows.map(({ value }) => (isKnown(value) ? show(value) : 'not measured'));
  const nameRoom = Math.min(168, Math.max(...rows.map((row) => textWidth(row.name))));
  const ratioRoom = Math.max(
    0,
    ...rows.filter(({ value }) => isKnown(value)).map((row) => textWidth(row.ratioText)),
  );
  const valueRoom = Math.max(
    ...rows.map(({ value }, index) => (isKnown(value) ? textWidth(valueTexts[index] ?? '') : 0)),
  );
  const valueEnd = width - (ratioRoom === 0 ? 0 : ratioRoom + gap);
  const start = Math.ceil(nameRoom) + gap;
  const end = Math.floor(valueEnd - valueRoom - gap);
  const foot = top + rows.length * rowHeight;
  const axis = axisOf(group, [start, end]);
  const lines = rows.map((row, index) => {
    const middle = top + (index + 0.5) * rowHeight;
    const label = name(row, nameRoom, middle + 4);
    if (!isKnown(row.value)) {
      const why = row.ratioText === '' ? 'not measured' : row.ratioText;
      const shown = shorten(why, width - start);
      const full = shown === why ? undefined : element('title', {}, why);
      return fragment(label, element('text', { class: 'quiet mark', x: start, y: middle + 4 }, full, shown));
    }
    const ratio = { class: 'quiet', x: width, y: middle + 4, 'text-anchor': 'end' };
    const value = { x: valueEnd, y: middle + 4, 'text-anchor': 'end' };
    return fragment(
      label,
      drawBar(row, row.value, axis, start, middle),
      element('text', value, valueTexts[index]),
      row.ratioText === '' ? undefined : element('text', ratio, row.ratioText),
    );
  });
  const ticks = axis.ticks.map(({ place, label }) =>
    fragment(
      element('line', { class: 'grid', x1: place, x2: place, y1: top, y2: foot }),
      centredText(label, place, foot + 15, width, 'tick'),
    ),
  );
  const reference = rows.find(({ part, value }) => part === 'reference' && isKnown(value))?.value;
  const described = rows.map((row, index) => `${row.name}: ${valueTexts[index]} ${row.ratioText}`.trim());
  return picture(
    { title: group.title, description: `${described.join('; ')}.`, width, height: foot + 38 },
    element('g', { class: 'x-axis' }, ...ticks),
    reference === undefined
      ? fragment()
      : element('line', {
          class: 'reference',
          x1: axis.place(reference),
          x2: axis.place(reference),
          y1: top,
          y2: foot,
        }),
    element('g', { class: 'plot', 'data-area': [start, top, end, foot].join(' ') }, ...lines),
    centredText(axis.title, (start + end) / 2, foot + 32, width, 'axis-title'),
  );
};

/** The chart with its title, for a grid of several. It says so when nothing in it was measured. */
export const barFigure = (group: BarGroup): Markup =>
  element(
    'figure',
    {},
    element(
      'figcaption',
      {},
      element('h3', {}, group.title),
      group.note === undefined ? undefined : element('p', { class: 'note' }, group.note),
    ),
    group.rows.some(({ value }) => isKnown(value))
      ? drawBars(group)
      : element('p', { class: 'absent' }, 'Nothing was measured here.'),
  );

export const barGrid = (groups: readonly BarGroup[]): Markup =>
  element('div', { class: 'charts' }, ...groups.map(barFigure));
