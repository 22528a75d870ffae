// Axes: from the values that are to be drawn to places in pixels, and the ticks that have room for their labels.
import { max, min } from 'd3-array';
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Microseconds } from '../result.ts';
import { fontSize, textWidth } from './label.ts';
import { showRound, showTickTime, timeUnitOf } from './unit.ts';

export type Tick = { readonly place: number; readonly label: string };
export type Axis = {
  readonly title: string;
  readonly ticks: readonly Tick[];
  /** Pixels. A value that the scale has no place for (zero, where it is logarithmic) lands on its edge. */
  readonly place: (value: number) => number;
  readonly isLogarithmic: boolean;
};
/** Pixels, from the place of the least value to that of the highest; falling for an upright axis. */
export type Range = readonly [number, number];

const isUpright = ([from, to]: Range): boolean => to < from;
const gap = 10;

/** In the order of their importance, those whose labels keep clear of the ones before. */
const withRoom = (ticks: readonly Tick[], range: Range): readonly Tick[] => {
  const kept: Tick[] = [];
  const room = (one: Tick, other: Tick): number =>
    isUpright(range) ? fontSize * 1.4 : (textWidth(one.label) + textWidth(other.label)) / 2 + gap;
  for (const tick of ticks) {
    if (kept.every((other) => Math.abs(tick.place - other.place) >= room(tick, other))) kept.push(tick);
  }
  return kept.sort((one, other) => one.place - other.place);
};

const steps = [1, 2, 5];

/** Round numbers 1, 2, 5, 10, 20 ... from the last one below `least` to the first one above `most`. */
const roundNumbers = (least: number, most: number): readonly number[] => {
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    for (const step of steps) numbers.push(Number((step * 10 ** power).toPrecision(1)));
  }
  const first = numbers.findLastIndex((number) => number <= least);
  const last = numbers.findIndex((number) => number >= most);
  return numbers.slice(Math.max(0, first), Math.max(last, first + 1) + 1);
};

const isPowerOfTen = (value: number): boolean => Number.isInteger(Number(Math.log10(value).toFixed(9)));

export const logarithmicAxis = (
  values: readonly number[],
  title: string,
  range: Range,
  show: (value: number) => string,
): Axis => {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const numbers = roundNumbers(min(positive) ?? 1, max(positive) ?? 1);
  const [least, most] = [numbers[0] ?? 1, numbers.at(-1) ?? 10];
  const scale = scaleLog()
    .domain([least, most])
    .range([...range])
    .clamp(true);
  const asTicks = (of: readonly number[]): readonly Tick[] =>
    of.map((value) => ({ place: scale(value), label: show(value) }));
  const powers = numbers.filter(isPowerOfTen);
  // even distances where it can be done; where hardly a power of ten is within, whatever has room
  const even = [1, 2, 3, 4].map((step) => powers.filter((_, index) => index % step === 0));
  const chosen = [numbers, ...even.filter((each) => each.length > 1)]
    .map(asTicks)
    .find((each) => withRoom(each, range).length === each.length);
  const ticks = chosen ?? asTicks([...powers, ...numbers.filter((each) => !isPowerOfTen(each))]);
  const place = (value: number): number => scale(Math.max(value, least));
  return { title, ticks: withRoom(ticks, range), place, isLogarithmic: true };
};

/** From zero, to a round number or (`tight`, for short axes) to the highest value. `show` gets round numbers. */
export const linearAxis = (
  most: number,
  title: string,
  range: Range,
  show: (value: number) => string,
  fit: 'round' | 'tight' = 'round',
): Axis => {
  const distance = Math.abs(range[1] - range[0]);
  const wanted = Math.max(2, Math.round(distance / (isUpright(range) ? 45 : fit === 'tight' ? 36 : 75)));
  const attempt = (count: number): Axis => {
    const exact = scaleLinear()
      .domain([0, most > 0 && Number.isFinite(most) ? most : 1])
      .range([...range])
      .clamp(true);
    const scale = fit === 'tight' ? exact : exact.nice(count);
    const all = scale.ticks(count).map((value) => ({ place: scale(value), label: show(value) }));
    const ticks = withRoom(all, range);
    // fewer ticks at even distances are better than a gap where one had no room
    if (ticks.length < all.length && count > 1) return attempt(count - 1);
    return { title, ticks, place: (value) => scale(value), isLogarithmic: false };
  };
  return attempt(wanted);
};

/** Whether the values lie so far apart that a linear axis would hide the small ones. */
export const isWide = (values: readonly number[]): boolean => {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const least = min(positive) ?? 0;
  return positive.some((value) => value > 10 * least);
};

/** Logarithmic where the values span more than a decade; the unit stands in the title, or at each tick where it changes. */
export const latencyAxis = (
  values: readonly Microseconds[],
  title: string,
  range: Range,
  isLogarithmic = isWide(values),
): Axis => {
  const most = max(values) ?? 0;
  if (isLogarithmic && most > 0) {
    const axis = logarithmicAxis(values, title, range, showTickTime);
    const units = ['µs', 'ms', 's'].filter((unit) =>
      axis.ticks.some(({ label }) => label.endsWith(` ${unit}`)),
    );
    return { ...axis, title: `${title} (${units.join(', ')}; logarithmic)` };
  }
  const unit = timeUnitOf(most);
  const axis = linearAxis(most / unit.factor, `${title} (${unit.name})`, range, showRound);
  return { ...axis, place: (value) => axis.place(value / unit.factor) };
};

export const amountAxis = (most: number, title: string, range: Range): Axis =>
  linearAxis(most, title, range, showRound);

/** Seconds, or minutes where there are many. */
export const elapsedAxis = (seconds: number, title: string, range: Range): Axis => {
  const factor = seconds > 600 ? 60 : 1;
  const scale = scaleLinear()
    .domain([0, seconds > 0 ? seconds / factor : 1])
    .range([...range])
    .clamp(true);
  const ticks = scale
    .ticks(Math.max(2, Math.round(Math.abs(range[1] - range[0]) / 75)))
    .map((value) => ({ place: scale(value), label: showRound(value) }));
  return {
    title: `${title} (${factor === 60 ? 'min' : 's'})`,
    ticks: withRoom(ticks, range),
    place: (value) => scale(value / factor),
    isLogarithmic: false,
  };
};

/** How many lie on average at or below one that lies above: 1 for the 0th percentile, 100 for the 99th. */
const rarity = (percentile: number): number => 1 / Math.max(1e-9, 1 - percentile / 100);

/** Each nine takes the same room. The scale ends where half a connection of `count` is left: at the highest latency. */
export const percentileAxis = (count: number, title: string, range: Range): Axis => {
  const most = Math.max(10, 2 * count);
  const scale = scaleLog()
    .domain([1, most])
    .range([...range])
    .clamp(true);
  const marks = [0, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999, 50, 75, 95];
  const ticks = marks
    .filter((mark) => rarity(mark) <= Math.max(10, count) * 1.0001)
    .map((mark) => ({ place: scale(rarity(mark)), label: String(mark) }));
  const place = (percentile: number): number => scale(rarity(percentile));
  return { title: `${title} (%)`, ticks: withRoom(ticks, range), place, isLogarithmic: true };
};
