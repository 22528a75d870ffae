// The steps that scenes are made of: who connects from where.
import { loopbackFor } from '../support/knock.ts';
import { addresses, type Step } from './trial.ts';

export const everybody: readonly string[] = [...addresses.v4, ...addresses.v6];

export const exchangeFrom = (sources: readonly string[], send = ''): readonly Step[] =>
  sources.map((from) => ({ do: 'exchange', from, to: loopbackFor(from), send }));

export const stayFrom = (sources: readonly string[]): readonly Step[] =>
  sources.map((from) => ({ do: 'stay', from, to: loopbackFor(from) }));
