// How long, how much and how rough.
import { parseArgs } from 'node:util';

export type SoakOptions = {
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
  /** Seconds between two disturbances. */
  readonly disturb: number;
};

export const usage = `node dist/bench/soak/main.js [--connections N] [--seconds S] [--disturb S] [--seed N]
  --connections N  how many clients come, evenly over the time (default 2,000,000)
  --seconds S      how long (default 3600)
  --disturb S      between two disturbances (default 5)
  --seed N         which disturbances, in which order (default: the time)
Exit status 1 when a connection was lost, a count is wrong, or something leaks.
`;

const numberOf = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name} takes a number from ${least} on, not "${text}"`);
};

/** undefined: the usage was asked for. */
export const readOptions = (words: readonly string[]): SoakOptions | undefined => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      connections: { type: 'string', default: '2000000' },
      seconds: { type: 'string', default: '3600' },
      disturb: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    connections: numberOf('connections', values.connections, 1),
    seconds: numberOf('seconds', values.seconds, 1),
    disturb: numberOf('disturb', values.disturb, 0.1),
    seed: numberOf('seed', values.seed, 0),
  };
};
