// The interleaving: in every round each server is measured once for a short time, in an order that turns.
import { type Load, measureLoad } from './load.ts';
import { readForeignLoad } from './noise.ts';
import { failuresOf, type Measurement, type Sample } from './sample.ts';

/** One measurement of a round. */
export type Turn = {
  readonly server: string;
  readonly handler: string;
  readonly setting: string;
  readonly load: Load;
  /** Begins what happens to the server meanwhile, and gives what ends it. */
  readonly meanwhile?: () => () => void;
};

export type Outcome = {
  readonly samples: readonly Sample[];
  /** One look a round at what else the machine does. */
  readonly foreignLoads: readonly number[];
};

export type Plan = {
  readonly scenario: string;
  readonly rounds: number;
  /** Those of a group are measured one right after the other. */
  readonly groups: readonly (readonly Turn[])[];
};

export const rotate = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
};

// With many clients or a slow handler a client may not come to its second turn in so short a time.
const mostStretched = 8;

const stretch = (load: Load, factor: number): Load =>
  load.duration === undefined
    ? load
    : { ...load, warmUp: load.warmUp * factor, duration: load.duration * factor };

const hasEnough = (measurement: Measurement, load: Load): boolean =>
  load.duration === undefined ||
  load.rate !== undefined ||
  measurement.connections >= load.clients ||
  failuresOf(measurement) > 0;

/** Measures longer and longer until there is something to see, and gives how much longer it became. */
export const takeEnough = async (
  load: Load,
  firstFactor = 1,
): Promise<{ readonly measurement: Measurement; readonly factor: number }> => {
  for (let factor = firstFactor; ; factor *= 2) {
    const measurement = await measureLoad(stretch(load, factor));
    if (factor >= mostStretched || hasEnough(measurement, load)) return { measurement, factor };
  }
};

export const measureInRounds = async (
  { scenario, rounds, groups }: Plan,
  progress: (round: number) => void,
): Promise<Outcome> => {
  const samples: Sample[] = [];
  const foreignLoads: number[] = [];
  // A server that has closed its port for good would only cost time.
  const silent = new Set<string>();
  const factors = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    progress(round + 1);
    foreignLoads.push(await readForeignLoad());
    for (const turns of groups) {
      for (const turn of rotate(turns, round)) {
        const { server, handler, setting, load } = turn;
        const series = `${server}\n${handler}\n${setting}`;
        if (silent.has(series)) continue;
        const place = `${series}\n${load.clients}`;
        const end = turn.meanwhile?.();
        const { measurement, factor } = await takeEnough(load, factors.get(place));
        end?.();
        factors.set(place, factor);
        samples.push({ scenario, handler, server, setting, clients: load.clients, round, measurement });
        if (measurement.connections === 0 && failuresOf(measurement) > 0) silent.add(series);
      }
    }
  }
  return { samples, foreignLoads };
};
