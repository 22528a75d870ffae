// The interleaving: in every round each server is measured once for a short time, in an order that turns.
import { measure } from './load.ts';
import { readForeignLoad } from './noise.ts';
import type { Sample } from './sample.ts';

/** A server that runs, and the handler it starts. */
export type Candidate = {
  readonly server: string;
  readonly handler: string;
  readonly port: number;
  readonly bytes: number;
};

export type Plan = {
  readonly load: string;
  readonly clients: readonly number[];
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
};

export type Outcome = {
  readonly samples: readonly Sample[];
  /** One look a round at what else the machine does. */
  readonly foreignLoads: readonly number[];
};

const rotate = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
};

export const measureInRounds = async (
  candidates: readonly Candidate[],
  plan: Plan,
  progress: (round: number) => void,
): Promise<Outcome> => {
  const samples: Sample[] = [];
  const foreignLoads: number[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    progress(round + 1);
    foreignLoads.push(await readForeignLoad());
    for (const clients of plan.clients) {
      for (const { server, handler, port, bytes } of rotate(candidates, round)) {
        const { warmUp, duration } = plan;
        const measurement = await measure(plan.load, { port, clients, warmUp, duration, bytes });
        samples.push({ handler, server, clients, round, measurement });
      }
    }
  }
  return { samples, foreignLoads };
};
