// The interleaving: in every round each server is measured once for a short time, in an order that turns.
import { type Load, measureLoad } from './load.ts';
import { readForeignLoad } from './noise.ts';
import type { Sample } from './sample.ts';

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

const take = async (turn: Turn): Promise<Sample['measurement']> => {
  const end = turn.meanwhile?.();
  try {
    return await measureLoad(turn.load);
  } finally {
    end?.();
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
  for (let round = 0; round < rounds; round++) {
    progress(round + 1);
    foreignLoads.push(await readForeignLoad());
    for (const turns of groups) {
      for (const turn of rotate(turns, round)) {
        const { server, handler, setting, load } = turn;
        const series = `${server}\n${handler}\n${setting}`;
        if (silent.has(series)) continue;
        const measurement = await take(turn);
        samples.push({ scenario, handler, server, setting, clients: load.clients, round, measurement });
        if (measurement.connections === 0) silent.add(series);
      }
    }
  }
  return { samples, foreignLoads };
};
