// acceptd top: the services of a running server as they are busy, drawn anew every second.
import { setTimeout as wait } from 'node:timers/promises';
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { isServerStatus } from './control-answers.ts';
import { askServer, placeOf } from './control-client.ts';
import { type ControlChoice, conduct } from './control-options.ts';
import { Refusal, usageError } from './refusal.ts';
import { showMoment } from './short-figures.ts';
import { screenOf } from './terminal-text.ts';
import { drawFrame } from './top-frame.ts';
import type { Key } from './top-keys.ts';
import type { Sample, Sort, SortKey } from './top-rates.ts';
import { openTopScreen } from './top-screen.ts';

export type TopChoice = ControlChoice & {
  /** Seconds. */
  readonly interval: number;
};

const sortLetters: ReadonlyMap<string, SortKey> = new Map([
  ['s', 'service'],
  ['l', 'live'],
  ['a', 'accepted'],
  ['r', 'refused'],
  ['f', 'failed'],
  ['w', 'waiting'],
  ['p', 'p99'],
  ['m', 'memory'],
]);

const least = 0.1;
const patience = 5_000;

const look = async (path: string, signal: AbortSignal): Promise<Sample> => {
  const order = { method: 'GET', path: '/v1/status', patience, signal } as const;
  const { value } = await askServer(path, order, isServerStatus);
  return { status: value, at: performance.now() / 1000 };
};

/** The same letter again turns the order round. */
const chooseSort = (sort: Sort, by: SortKey): Sort => ({
  by,
  isReversed: sort.by === by && !sort.isReversed,
});

const scroll = (offset: number, key: Key, page: number): number => {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    'page-up': -page,
    'page-down': page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  return Math.max(0, offset + (steps[key] ?? 0));
};

const watch = async (
  path: string,
  interval: number,
  first: Sample,
  ending: AbortController,
): Promise<void> => {
  let previous: Sample | undefined;
  let now = first;
  let trouble: { readonly since: Date; readonly what: string } | undefined;
  let sort: Sort = { by: 'accepted', isReversed: false };
  let offset = 0;
  let page = 1;

  const draw = (): void => {
    const { width, height } = screen.size();
    const since = showMoment((trouble?.since ?? new Date()).toISOString(), new Date());
    const shown = trouble && `no news since ${since}, trying again: ${trouble.what}`;
    const { isColored } = screenOf(process.stdout, process.env);
    const view = { previous, now, trouble: shown, sort, offset, clock: Date.now() };
    const frame = drawFrame(view, { width, height, isColored });
    ({ offset, page } = frame);
    screen.draw(frame.lines);
  };
  const press = (key: Key): void => {
    if (key === 'q' || key === 'interrupt') {
      ending.abort();
      return;
    }
    if (key === 'suspend') {
      screen.suspend();
      return;
    }
    const by = sortLetters.get(key.toLowerCase());
    if (by === undefined) offset = scroll(offset, key, page);
    else sort = chooseSort(sort, by);
    draw();
  };
  const screen = openTopScreen({ onKey: press, onChange: draw, onEnd: () => ending.abort() });
  try {
    draw();
    while (!ending.signal.aborted) {
      await wait(Math.max(least, interval) * 1000, undefined, { signal: ending.signal });
      try {
        const sample = await look(path, ending.signal);
        previous = now;
        now = sample;
        trouble = undefined;
      } catch (error) {
        if (!(error instanceof Refusal) || ending.signal.aborted) throw error;
        trouble = { since: trouble?.since ?? new Date(), what: error.message };
      }
      draw();
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    screen.close();
  }
};

export const top = ({ control, interval }: TopChoice): Promise<ExitStatus> =>
  conduct(async () => {
    if (process.stdin.isTTY !== true || process.stdout.isTTY !== true)
      throw usageError('top needs a terminal; acceptd status tells the same once');
    const path = placeOf(control);
    const ending = new AbortController();
    // a server that is not there is told before the terminal is touched
    await watch(path, interval, await look(path, ending.signal), ending);
    return exitStatus.done;
  });
