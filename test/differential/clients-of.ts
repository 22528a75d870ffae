// The steps that scenes are made of: who connects from where.
import { addresses, type Step } from './trial.ts';

/** The loopback address of the same family, which a service on all addresses has. */
export const targetOf = (from: string): string => (from.includes(':') ? '::1' : '127.0.0.1');

export const everybody: readonly string[] = [...addresses.v4, ...addresses.v6];

export const exchangeFrom = (sources: readonly string[], send = ''): readonly Step[] =>
  sources.map((from) => ({ do: 'exchange', from, to: targetOf(from), send }));

export const stayFrom = (sources: readonly string[]): readonly Step[] =>
  sources.map((from) => ({ do: 'stay', from, to: targetOf(from) }));
