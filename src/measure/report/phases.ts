// The way of a connection through the server: its steps on one bar, a table of them, and what could not be known.
import { max, sum } from 'd3-array';
import { showCount } from '../figures.ts';
import type { Phase, Phases } from '../result.ts';
import { latencyAxis } from './axis.ts';
import { shorten, textWidth } from './label.ts';
import { type Drawn, figure, notice, type Row, table } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { centredText, classOf, type Look, picture } from './plot.ts';
import { showTime } from './unit.ts';

export type PhasedRun = { readonly name: string; readonly phases: Phases };

const barHeight = 26;
const rowHeight = 54;
const right = 20;

const lookOfPhase = (names: readonly string[], name: string): Look => ({
  colour: (names.indexOf(name) % 8) + 1,
  stroke: 'solid',
});

const total = ({ sequence }: Phases): number => sum(sequence, ({ distribution }) => distribution.p50);

/** Whose name and median have room above them say so there. The others are in the key and the table. */
const segments = (
  { sequence }: Phases,
  names: readonly string[],
  place: (value: number) => number,
  y: number,
): Markup => {
  let before = 0;
  const drawn = sequence.map(({ name, distribution: { p50 } }) => {
    const from = place(before);
    before += p50;
    const full = place(before) - from;
    const text = `${name} ${showTime(p50)}`;
    const label = [text, showTime(p50)].find((each) => textWidth(each) + 6 <= full);
    return fragment(
      element(
        'rect',
        {
          class: `bar ${classOf(lookOfPhase(names, name))}`,
          x: from,
          y,
          width: full > 3 ? full - 1 : full,
          height: barHeight,
        },
        element('title', {}, text),
      ),
      label === undefined ? undefined : element('text', { x: from, y: y - 6 }, label),
    );
  });
  return fragment(...drawn);
};

const drawStack = (runs: readonly PhasedRun[], names: readonly string[]): Markup | undefined => {
  const most = max(runs, ({ phases }) => total(phases)) ?? 0;
  if (most === 0) return undefined;
  const title = 'Phases of a connection, medians one after the other';
  const description = runs.map(({ name, phases }) => {
    const steps = phases.sequence.map((phase) => `${phase.name} ${showTime(phase.distribution.p50)}`);
    return `${name}: ${steps.join(', ')}.`;
  });
  const hasNames = runs.length > 1;
  const draw: Drawn['draw'] = (width) => {
    const step = rowHeight + (hasNames ? 18 : 0);
    const foot = runs.length * step + 6;
    const range = [0, width - right] as const;
    const axis = latencyAxis([most], 'Time since the connection came', range, false);
    const rows = runs.map(({ name, phases }, index) => {
      const y = index * step + (hasNames ? 40 : 22);
      const shown = shorten(name, width);
      const heading = element(
        'text',
        { class: 'strong', x: 0, y: y - 25 },
        element('title', {}, name),
        shown,
      );
      return fragment(hasNames ? heading : undefined, segments(phases, names, axis.place, y));
    });
    const ticks = axis.ticks.map(({ place, label }) =>
      fragment(
        element('line', { class: 'axis', x1: place, x2: place, y1: foot, y2: foot + 4 }),
        centredText(label, place, foot + 18, width, 'tick'),
      ),
    );
    const baseline = element('line', { class: 'axis', x1: 0, x2: width - right, y1: foot, y2: foot });
    return picture(
      { title, description: description.join(' '), width, height: foot + 44 },
      element('g', { class: 'plot', 'data-area': [0, 0, width - right, foot].join(' ') }, ...rows),
      element('g', { class: 'x-axis' }, baseline, ...ticks),
      centredText(axis.title, width / 2, foot + 38, width, 'axis-title'),
    );
  };
  const keys = names.map((name) => ({ name, look: lookOfPhase(names, name), isArea: true }));
  const note = 'The median of each step; their sum is near the median of the whole, not the same.';
  return figure({ title, note, keys, draw });
};

const rowOf = ({ name, from, to, distribution }: Phase): Row => ({
  heading: name,
  cells: [
    ...(['p50', 'p90', 'p99', 'most'] as const).map((key) =>
      distribution.count === 0 ? '-' : showTime(distribution[key]),
    ),
    `from ${from} to ${to}`,
  ],
});

export const phaseTable = ({ sequence, overlapping, traced }: Phases, caption: string): Markup =>
  table(
    `${caption} (${showCount(traced)} connections followed)`,
    'phase',
    [{ title: 'p50' }, { title: 'p90' }, { title: 'p99' }, { title: 'max' }, { title: 'what', isText: true }],
    [
      ...sequence.map(rowOf),
      ...(overlapping.length === 0
        ? []
        : [{ heading: 'Meanwhile, beside the steps above', cells: [], kind: 'group' } as const]),
      ...overlapping.map(rowOf),
    ],
  );

const unknownNotes = ({ unknown }: Phases): Markup =>
  unknown.length === 0
    ? fragment()
    : fragment(
        element('p', { class: 'note' }, 'What could not be known:'),
        element('ul', { class: 'notes' }, ...unknown.map((each) => element('li', {}, each))),
      );

/** Bars of all runs that have phases, without tables. */
export const drawPhaseBars = (runs: readonly PhasedRun[]): Markup | undefined => {
  const names = [...new Set(runs.flatMap(({ phases }) => phases.sequence.map(({ name }) => name)))];
  return drawStack(
    runs.filter(({ phases }) => phases.sequence.length > 0),
    names,
  );
};

/** One run's table of steps with its notes. */
export const phaseDetails = (phases: Phases): Markup => {
  const hasSteps = phases.sequence.length + phases.overlapping.length > 0;
  return fragment(
    phases.traced === 0 ? notice('No connection could be followed through all of its steps.') : undefined,
    hasSteps ? phaseTable(phases, 'Steps of a connection') : undefined,
    unknownNotes(phases),
  );
};
