// One line on a terminal that says how far a run is; nothing anywhere else.
import { plural, showCount, showRate, showTime } from './figures.ts';
import type { Microseconds } from './result.ts';

export type Progress = {
  readonly part: 'warming up' | 'measuring';
  /** Seconds of this part. */
  readonly elapsed: number;
  /** How long the part is to be in seconds, or how many connections it is to have. */
  readonly whole: { readonly seconds: number } | { readonly connections: number };
  /** That ended well in this part so far. */
  readonly connections: number;
  /** Connections per second, lately. */
  readonly rate: number;
  /** To the first byte, lately; undefined when nobody got one. */
  readonly p50: Microseconds | undefined;
  readonly p99: Microseconds | undefined;
  readonly errors: number;
};

const showWay = ({ whole, elapsed, connections }: Progress): string =>
  'seconds' in whole
    ? `${elapsed.toFixed(1)} / ${Number(whole.seconds.toFixed(1))} s`
    : `${elapsed.toFixed(1)} s, ${showCount(connections)} / ${showCount(whole.connections)}`;

/** The line without its end, never longer than `width`. */
export const formatProgress = (
  progress: Progress,
  options: { readonly width: number; readonly isUnicode: boolean },
): string => {
  const { p50, p99, errors } = progress;
  const latency = (name: string, time: Microseconds | undefined): string =>
    `${name} ${time === undefined ? '-' : showTime(time, options.isUnicode)}`;
  const parts = [
    `${progress.part === 'warming up' ? 'warming up ' : ''}${showWay(progress)}`,
    `${showRate(progress.rate)}/s`,
    latency('p50', p50),
    latency('p99', p99),
    errors === 0 ? 'no errors' : plural(errors, 'error'),
  ];
  return parts.join('  ').slice(0, Math.max(0, options.width));
};

/** What is needed of process.stderr. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

const shortestPause = 250; // milliseconds: four lines a second are as many as anybody reads

/** `clock` gives milliseconds. */
export const createProgress = (
  stream: ProgressStream,
  options: { readonly isUnicode: boolean; readonly clock?: () => number },
) => {
  const clock = options.clock ?? (() => performance.now());
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = 0;

  // blanks over the rest of the last line: no terminal is too simple for them
  const draw = (line: string): void => {
    stream.write(`\r${line.padEnd(drawn)}`);
    drawn = line.length;
  };

  return {
    /** Draws the line anew unless that was done just now. */
    show: (progress: Progress): void => {
      if (stream.isTTY !== true || clock() - drawnAt < shortestPause) return;
      drawnAt = clock();
      // the last column stays free: a cursor behind it would have gone to the next line
      draw(formatProgress(progress, { width: (stream.columns ?? 80) - 1, isUnicode: options.isUnicode }));
    },
    /** Takes the line away; what is printed next begins where it stood. */
    clear: (): void => {
      if (drawn === 0) return;
      draw('');
      stream.write('\r');
    },
  };
};
