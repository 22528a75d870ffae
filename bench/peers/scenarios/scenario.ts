// The common shape of the scenarios: what each is given, and what it hands back.
import type { Handler } from '../handlers.ts';
import type { Options } from '../options.ts';
import type { Outcome } from '../rounds.ts';
import type { PresentServer } from '../server-kind.ts';
import type { Table } from '../table.ts';
import type { Judgement } from '../targets.ts';
import type { Workshop } from '../workshop.ts';

export type Context = {
  readonly workshop: Workshop;
  /** Those that are wanted and here, in the order of the tables. */
  readonly servers: readonly PresentServer[];
  /** Those that are wanted and could be built. */
  readonly handlers: readonly Handler[];
  readonly options: Options;
  readonly say: (text: string) => void;
};

/** A figure that no client saw, such as the memory of a server. */
export type Reading = {
  readonly scenario: string;
  readonly server: string;
  readonly setting: string;
  readonly name: string;
  readonly value: number;
};

export type Part = Outcome & {
  /** What was done, and what the figures are. */
  readonly intro: string;
  readonly tables: readonly Table[];
  readonly remarks: readonly string[];
  readonly readings: readonly Reading[];
  readonly judgements: readonly Judgement[];
};

export type Scenario = {
  readonly name: string;
  readonly title: string;
  /** The handler it is made with; undefined: with all of them. */
  readonly handler: string | undefined;
  readonly run: (context: Context) => Promise<Part>;
};

export const nothing = (intro: string): Part => ({
  intro,
  tables: [],
  remarks: [],
  samples: [],
  foreignLoads: [],
  readings: [],
  judgements: [],
});

/** Only one that the scenario is made with can be missing here. */
export const handlerNamed = (context: Context, name: string): Handler => {
  const handler = context.workshop.handlers.find((candidate) => candidate.name === name);
  if (handler === undefined) throw new Error(`there is no ${name} handler`);
  return handler;
};

/** Milliseconds. */
export const usualTimeout = 3000;

/** Those of the sizes that are not larger than was allowed. */
export const sizesUpTo = (sizes: readonly number[], largest: number): readonly number[] => {
  const fitting = sizes.filter((size) => size <= largest);
  return fitting.length === sizes.length || fitting.includes(largest) ? fitting : [...fitting, largest];
};
