// The frame of a chart with two axes: title for screen readers, grid, ticks, axis titles, and what is drawn inside.
import { line } from 'd3-shape';
import type { Axis, Range } from './axis.ts';
import { textWidth } from './label.ts';
import { element, fragment, type Markup } from './markup.ts';

/** Pixels, and units of the view box. Each chart is drawn for both kinds of screens; the style shows one of them. */
export const widths = { wide: 880, narrow: 420 } as const;

export type Frame = {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
};

/** The whole picture. */
export const picture = (frame: Frame, ...children: readonly Markup[]): Markup =>
  element(
    'svg',
    { viewBox: `0 0 ${frame.width} ${frame.height}`, role: 'img', class: 'chart' },
    element('title', {}, frame.title),
    element('desc', {}, frame.description),
    ...children,
  );

/** A text that stays within the picture. */
export const centredText = (text: string, x: number, y: number, width: number, kind: string): Markup => {
  const half = textWidth(text) / 2;
  const place = Math.min(Math.max(x, half), width - half);
  return element('text', { x: place, y, class: kind, 'text-anchor': 'middle' }, text);
};

const top = 30;
const bottom = 46;
const right = 20;

export type Sides = {
  readonly x: (range: Range) => Axis;
  readonly y: (range: Range) => Axis;
};

/** The upright axis has its title above it, where it is read without turning the head. */
export const plot = (
  frame: Frame,
  sides: Sides,
  draw: (x: Axis, y: Axis, foot: number) => readonly Markup[],
): Markup => {
  const foot = frame.height - bottom;
  const y = sides.y([foot, top]);
  const left = Math.ceil(Math.max(30, ...y.ticks.map(({ label }) => textWidth(label))) + 8);
  const end = frame.width - right;
  const x = sides.x([left, end]);
  const grid = y.ticks.map(({ place }) =>
    element('line', { class: 'grid', x1: left, x2: end, y1: place, y2: place }),
  );
  const upright = y.ticks.map(({ place, label }) =>
    element('text', { class: 'tick', x: left - 8, y: place + 4, 'text-anchor': 'end' }, label),
  );
  const flat = x.ticks.map(({ place, label }) =>
    fragment(
      element('line', { class: 'axis', x1: place, x2: place, y1: foot, y2: foot + 4 }),
      centredText(label, place, foot + 18, frame.width, 'tick'),
    ),
  );
  return picture(
    frame,
    element('text', { class: 'axis-title', x: 0, y: 13 }, y.title),
    element('g', { class: 'y-axis' }, ...grid, ...upright),
    element(
      'g',
      { class: 'x-axis' },
      element('line', { class: 'axis', x1: left, x2: end, y1: foot, y2: foot }),
      ...flat,
    ),
    centredText(x.title, (left + end) / 2, frame.height - 6, frame.width, 'axis-title'),
    element('g', { class: 'plot', 'data-area': [left, top, end, foot].join(' ') }, ...draw(x, y, foot)),
  );
};

export type Point = readonly [x: number, y: number | undefined];

/** The looks of one series: its colour, 1 to 8, and how heavy its line is. */
export type Look = { readonly colour: number; readonly stroke: 'solid' | 'dashed' | 'dotted' };

export const lookOf = (index: number): Look => ({
  colour: (index % 8) + 1,
  stroke: index % 8 < 4 ? 'solid' : 'dashed',
});

export const classOf = ({ colour, stroke }: Look): string => `s${colour} ${stroke}`;

/** A line with gaps where there is no value; what stands alone between gaps is a dot. */
export const curve = (points: readonly Point[], x: Axis, y: Axis, look: Look): Markup => {
  const places = points.map(([at, value]): readonly [number, number | undefined] => [
    x.place(at),
    value === undefined || !Number.isFinite(value) ? undefined : y.place(value),
  ]);
  const path = line<readonly [number, number | undefined]>(
    ([at]) => at,
    ([, value]) => value ?? 0,
  )
    .defined(([, value]) => value !== undefined)
    .digits(1);
  const isAlone = (index: number): boolean =>
    places[index - 1]?.[1] === undefined && places[index + 1]?.[1] === undefined;
  const dots = places.flatMap(([at, value], index) =>
    value !== undefined && isAlone(index)
      ? [element('circle', { class: `dot s${look.colour}`, cx: at, cy: value, r: 3 })]
      : [],
  );
  return fragment(element('path', { class: `line ${classOf(look)}`, d: path(places) ?? '' }), ...dots);
};
