// How fast each source may start instances, in constant memory however many sources there are.
//
// A sketch of four rows: a source owns one cell in each, by four hashes with a random seed. A cell holds the time at
// which its allowance is whole again (the generic cell rate algorithm). A source is refused only when all four of its
// cells say so; a flood of others can make that likelier for one it collides with, but can never make room for itself.
import { randomBytes } from 'node:crypto';
import type { Milliseconds } from '../model/quantity.ts';
import type { Source } from './limits.ts';

const rows = 4;
const cells = 16_384;

/** Each filled cell and its number: most are empty. */
export type SavedRates = {
  readonly seeds: readonly number[];
  readonly cells: readonly (readonly [place: number, wholeAt: number])[];
};

type SourceRate = { readonly count: number; readonly window: Milliseconds };

export type SourceRates = {
  /** Counts a start of this source at this service and says whether it is within `count` in each `window`. */
  readonly admit: (service: string, source: Source, rate: SourceRate, now: Milliseconds) => boolean;
  /** What admit() would say; nothing is counted. */
  readonly wouldAdmit: SourceRates['admit'];
  /** undefined: nobody was counted. */
  readonly save: () => SavedRates | undefined;
  readonly restore: (saved: SavedRates) => void;
};

/** FNV-1a over the text's UTF-16 units, begun with a seed that a client cannot know. */
const hash = (seed: number, text: string): number => {
  let value = seed;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  // the low bits of FNV are weak: fold the high ones in
  return (value ^ (value >>> 15)) >>> 0;
};

export const createSourceRates = (): SourceRates => {
  const seeds = new Uint32Array(new Uint8Array(randomBytes(rows * 4)).buffer);
  // 512 KiB, and only where a service has such a limit
  let full: Float64Array | undefined;

  /** With the rate in it a reload that changes the rate begins anew, as with the rate of a service. */
  const placesOf = (service: string, source: Source, rate: SourceRate): readonly number[] => {
    const key = `${service} ${rate.count}/${rate.window} ${typeof source} ${source}`;
    return Array.from(seeds, (seed, row) => row * cells + (hash(seed, key) % cells));
  };

  /** When the allowance is whole again after one more start; undefined: that is one too many. */
  const nextWhole = (places: readonly number[], rate: SourceRate, now: Milliseconds): number | undefined => {
    const interval = rate.window / rate.count;
    const wholeAt = Math.max(now, Math.min(...places.map((place) => full?.[place] ?? 0)));
    // half an interval's grace absorbs rounding: `count` at once are admitted, one more is not
    return wholeAt + interval - now > rate.window + interval / 2 ? undefined : wholeAt + interval;
  };

  return {
    admit: (service, source, rate, now) => {
      full ??= new Float64Array(rows * cells);
      const places = placesOf(service, source, rate);
      const next = nextWhole(places, rate, now);
      if (next === undefined) return false;
      for (const place of places) full[place] = Math.max(full[place] ?? 0, next);
      return true;
    },
    wouldAdmit: (service, source, rate, now) =>
      nextWhole(placesOf(service, source, rate), rate, now) !== undefined,
    save: () =>
      full && {
        seeds: [...seeds],
        cells: [...full].flatMap((wholeAt, place) => (wholeAt === 0 ? [] : [[place, wholeAt] as const])),
      },
    restore: (saved) => {
      seeds.set(saved.seeds);
      full = new Float64Array(rows * cells);
      for (const [place, wholeAt] of saved.cells) full[place] = wholeAt;
    },
  };
};
